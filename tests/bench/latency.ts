/**
 * From a manifest that is renamed into place until all containers run, against the same calls to the same runtime made bare.
 * islet's turn and the bare turn alternate, so that what else the machine does weighs on both.
 */
import { names, podManifest, removePods, started } from "./bench_node.ts";
import { preparePod, removeBarePods, runPod, takeTemplate, type Template } from "./bare.ts";
import { aim, median, spread, table } from "./figures.ts";
import { sleep, type TestNode } from "../support/node.ts";

export interface LatencyOptions {
  /** Pairs of turns with one pod, and with twenty. */
  single: number;
  many: number;
}

/** Enough for everything that a removal leaves to be done afterwards. */
const pauseMs = 700;

export async function latency(node: TestNode, { single, many }: LatencyOptions): Promise<string> {
  const model = "bench-template";
  node.write(`${model}.yaml`, podManifest(model));
  await started(node, [model], 1000);
  const template = await takeTemplate(node, model);
  await removePods(node, [model]);
  const rows: string[][] = [];
  for (
    const { count, pairs, limit } of [{ count: 1, pairs: single, limit: 1.15 }, { count: 20, pairs: many, limit: 1.3 }]
  ) {
    const ours: number[] = [], bare: number[] = [];
    for (let pair = 0; pair < pairs; pair++) {
      const ourTurn = async () => ours.push(await isletTurn(node, names(`ours-${pair}`, count)));
      const bareTurn = async () => bare.push(await bareTurnOf(node, template, names(`bare-${pair}`, count)));
      for (const turn of pair % 2 === 0 ? [ourTurn, bareTurn] : [bareTurn, ourTurn]) {
        await turn();
        await sleep(pauseMs);
      }
    }
    const ratio = median(ours) / median(bare);
    const paired = median(ours.map((ms, i) => ms / bare[i]));
    rows.push([
      `${count} pod${count > 1 ? "s at once" : ""}`,
      String(pairs),
      spread(ours),
      spread(bare),
      ratio.toFixed(2),
      paired.toFixed(2),
      aim(ratio <= limit, `≤ ${limit}`),
    ]);
  }
  return table(["manifest → containers", "pairs", "islet", "bare CRI calls", "ratio", "of pairs", "aim"], rows);
}

/** Waiting without a look for as long as it will probably take. */
const blindMs = (count: number) => 900 + 130 * count;

async function isletTurn(node: TestNode, pods: string[]): Promise<number> {
  for (const name of pods) Deno.writeTextFileSync(`${node.manifests}/.${name}.tmp`, podManifest(name));
  const began = Date.now();
  for (const name of pods) Deno.renameSync(`${node.manifests}/.${name}.tmp`, `${node.manifests}/${name}.yaml`);
  const took = Math.max(...await started(node, pods, blindMs(pods.length))) - began;
  await removePods(node, pods);
  return took;
}

async function bareTurnOf(node: TestNode, template: Template, names: string[]): Promise<number> {
  const pods = await Promise.all(names.map((name) => preparePod(template, name)));
  const began = Date.now();
  await Promise.all(pods.map((pod) => runPod(node, pod)));
  const took = Math.max(...await started(node, names, 0)) - began;
  await removeBarePods(node, template, pods);
  return took;
}
