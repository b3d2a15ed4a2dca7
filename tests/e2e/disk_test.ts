/** A disk that is full or read-only: pods run on, islet says what is wrong, and takes up its work when the disk is back. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { join } from "node:path";
import { nodeFile } from "../support/node_file.ts";
import { sleep, type TestNode } from "../support/node.ts";
import { container, idle, isReady, manifest, pod, statusOf } from "../support/pods.ts";
import { onDisk, probed, watchSteady } from "../support/steady.ts";

const { nodeTest } = nodeFile({ disk: "64m" });

const plain = (edition: string) => pod("plain", idle, {}, { labels: { edition } });
const crashing = pod("crashing", container("main", "sleep 2; exit 3"));
const names = ["plain", "probed"];

/** Writes until nothing more goes onto the disk. */
function fill(node: TestNode): string {
  const path = join(node.dir, "fill");
  using file = Deno.openSync(path, { write: true, create: true });
  for (let size = 1 << 20; size >= 1;) {
    try {
      file.writeSync(new Uint8Array(size));
    } catch {
      size = Math.floor(size / 2);
    }
  }
  return path;
}

/** Waits for a pod with this label: a change that came through. */
async function edition(node: TestNode, wanted: string): Promise<void> {
  await node.podUntil("plain", `has label ${wanted}`, ({ metadata }) => metadata.labels?.edition === wanted);
}

nodeTest("pods run on when the disk is full, and islet can be restarted; changes come when there is room", [
  plain("one"),
  probed("probed"),
], async (node) => {
  for (const name of names) await onDisk(node, name);
  const steady = await watchSteady(node, names);
  const ids = await node.runtimeIds();
  // Manifests that are to be used later, on another disk
  const other = await Deno.makeTempDir({ dir: "/var/tmp", prefix: "islet-manifests-" });
  try {
    Deno.writeTextFileSync(join(other, "plain.yaml"), manifest([plain("two"), probed("probed")]));
    Deno.writeTextFileSync(join(other, "late.yaml"), manifest(pod("late")));
    fill(node);
    await node.kill9();
    fill(node);
    await node.startIslet();
    await steady();
    const filling = fill(node);
    Deno.removeSync(join(node.manifests, "plain.yaml"));
    Deno.symlinkSync(join(other, "plain.yaml"), join(node.manifests, "plain.yaml"));
    Deno.symlinkSync(join(other, "late.yaml"), join(node.manifests, "late.yaml"));
    fill(node);
    const full = /Store Pod default\/(plain|late) failed: .*(full|space)/;
    await node.until(
      "islet tells that the disk is full",
      async () => full.test((await node.cli("get", "problems")).stdout),
      { tell: async () => (await node.cli("get", "problems")).stdout },
    );
    equal(await node.pod("late"), undefined);
    await steady();
    const now = await node.runtimeIds();
    deepEqual(ids.filter((id) => !now.includes(id)), []);
    const { stdout } = await node.cli("get", "pods");
    match(stdout, /^plain .*Running/m);

    Deno.removeSync(filling);
    await edition(node, "two");
    await node.ready("late");
    await steady();
    await onDisk(node, "late");
    await node.kill9();
    await node.startIslet();
    equal((await node.pod("plain"))?.metadata.labels?.edition, "two");
    await steady();
    Deno.removeSync(join(node.manifests, "plain.yaml"));
    Deno.removeSync(join(node.manifests, "late.yaml"));
    node.write("plain.yaml", manifest([plain("two"), probed("probed")]));
    await node.gone("late");
    await steady();
  } finally {
    await Deno.remove(other, { recursive: true });
  }
});

nodeTest(
  "pods run on when rootDir is read-only, and islet can be restarted; changes come when it is writable",
  {},
  async (node) => {
    const steady = await watchSteady(node, names);
    const mount = async (...args: string[]) => {
      const { code, stderr } = await node.inside(...args);
      equal(code, 0, stderr);
    };
    // Over itself, and read-only there: for whoever opens something from now on
    await mount("mount", "--rbind", node.rootDir, node.rootDir);
    let mounted = true;
    const writable = async () => {
      if (mounted) await mount("umount", "--lazy", node.rootDir);
      mounted = false;
    };
    try {
      await mount("mount", "-o", "remount,bind,ro", node.rootDir);
      await node.kill9();
      const { length } = node.log();
      await node.startIslet();
      match(node.log().slice(length), /The store cannot be written; pods run on, changes are refused until it can/);
      await steady();
      node.write("crashing.yaml", manifest(crashing));
      node.write("plain.yaml", manifest([plain("three"), probed("probed")]));
      await sleep(2000);
      await steady();
      equal((await node.terminate()).code, 0);
      await node.startIslet();
      await steady();
      await writable();
      await edition(node, "three");
      await steady();
      const crashed = await node.podUntil("crashing", "was restarted", (pod) => statusOf(pod)!.restartCount! >= 1);
      ok(crashed.metadata.uid);
      await node.restart();
      equal((await node.pod("plain"))?.metadata.labels?.edition, "three");
      equal((await node.pod("crashing"))?.metadata.uid, crashed.metadata.uid);
      ok(isReady((await node.pod("plain"))!));
      await steady();
    } finally {
      await writable();
    }
  },
);
