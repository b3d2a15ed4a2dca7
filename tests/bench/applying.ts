/**
 * How soon a pod runs by the ways there are to bring one: a manifest that is renamed into place, `kubectl apply`, and one
 * POST to islet. They take turns, so that what else the machine does weighs on all.
 */
import { join } from "node:path";
import { podManifest, removePods, started } from "./bench_node.ts";
import { median, spread, table } from "./figures.ts";
import { Kubectl } from "../support/kubectl.ts";
import { sleep, type TestNode } from "../support/node.ts";

interface Way {
  name: string;
  /** Brings a pod; resolves when that is answered. */
  bring: (pod: string, text: string) => Promise<void>;
  /** Takes it away again. */
  remove: (pod: string) => Promise<void>;
}

/** Enough for everything that a removal leaves to be done afterwards. */
const pauseMs = 700;
/** Waiting without a look for as long as it will probably take. */
const blindMs = 400;

export async function applying(node: TestNode, turns: number): Promise<string> {
  const ways = await waysOf(node);
  const times = ways.map(() => ({ started: [] as number[], answered: [] as number[] }));
  // the first turn does not count: kubectl asks what the server has, and keeps that
  for (let turn = -1; turn < turns; turn++) {
    for (let i = 0; i < ways.length; i++) {
      const which = (i + turn + ways.length) % ways.length;
      const { bring, remove } = ways[which];
      const name = `way-${which}-${turn + 1}`;
      const text = podManifest(name);
      Deno.writeTextFileSync(join(node.dir, `${name}.yaml`), text);
      const began = Date.now();
      await bring(name, text);
      const answered = Date.now() - began;
      const [startedAt] = await started(node, [name], blindMs);
      await remove(name);
      await Deno.remove(join(node.dir, `${name}.yaml`)).catch(() => {}); // renamed, by one of the ways
      await sleep(pauseMs);
      if (turn < 0) continue;
      times[which].started.push(startedAt - began);
      times[which].answered.push(answered);
    }
  }
  const base = times[0].started;
  const rows = ways.map(({ name }, which) => {
    const { started, answered } = times[which];
    return [
      name,
      String(turns),
      spread(started),
      which === 0 ? "" : spread(answered),
      which === 0 ? "1" : (median(started) / median(base)).toFixed(2),
      which === 0 ? "1" : median(started.map((ms, i) => ms / base[i])).toFixed(2),
    ];
  });
  return table(["way", "times", "→ container started", "→ answered", "ratio", "of turns"], rows);
}

async function waysOf(node: TestNode): Promise<Way[]> {
  const { program, args } = node.namespaces.command([]);
  const kubectl = await Kubectl.get("1.36", {
    kubeconfig: join(node.rootDir, "admin.kubeconfig"),
    prefix: [program, ...args],
  });
  const remove = async (pod: string) => {
    const answer = await node.api(`/api/v1/namespaces/default/pods/${pod}`, { method: "DELETE" });
    await answer.body?.cancel();
    await removePods(node, [pod], false);
  };
  return [
    {
      name: "manifest renamed into place",
      bring: (pod) => Deno.rename(join(node.dir, `${pod}.yaml`), join(node.manifests, `${pod}.yaml`)),
      remove: (pod) => removePods(node, [pod]),
    },
    {
      name: "`kubectl apply` (1.36)",
      bring: async (pod) => {
        const { code, stderr } = await kubectl.run("apply", "-f", join(node.dir, `${pod}.yaml`));
        if (code !== 0) throw new Error(`kubectl apply ended with ${code}: ${stderr}`);
      },
      remove,
    },
    {
      name: "POST /islet/v1/apply over the socket",
      bring: async (_pod, body) => {
        const answer = await node.api("/islet/v1/apply", { method: "POST", body });
        const text = await answer.text();
        if (!answer.ok) throw new Error(`Cannot apply: ${answer.status} ${text}`);
      },
      remove,
    },
  ];
}
