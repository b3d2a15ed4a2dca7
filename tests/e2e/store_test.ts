/** A state.db that is damaged, cut short or gone: islet says so, begins anew, and nothing that runs is touched. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { nodeFile } from "../support/node_file.ts";
import { isletCommand, type TestNode } from "../support/node.ts";
import { container, containerId, finished, idle, manifest, pod, statusOf } from "../support/pods.ts";
import { onDisk, probed, watchSteady } from "../support/steady.ts";

const { nodeTest } = nodeFile();

const steadyPods = [
  pod("plain", idle, {}, { labels: { edition: "first" } }),
  probed("probed"),
  pod(
    "restarted",
    container("main", `test -e /data/ran || { touch /data/ran; exit 3; }; ${idle}`, {
      volumeMounts: [{ name: "data", mountPath: "/data" }],
    }),
    { volumes: [{ name: "data", emptyDir: {} }] },
  ),
  pod("initialized", container("main"), { initContainers: [container("once", "echo once")] }),
];
const names = steadyPods.map(({ metadata }) => metadata.name);

const database = (node: TestNode) => join(node.rootDir, "state.db");
const aside = (node: TestNode) =>
  [...Deno.readDirSync(node.rootDir)].filter(({ name }) => /^state\.db\.corrupt-\d+$/.test(name));

/** Writes into the file at some place. */
function scribble(path: string, at: number, bytes: number): void {
  using file = Deno.openSync(path, { write: true });
  file.seekSync(at, Deno.SeekMode.Start);
  const junk = new Uint8Array(bytes);
  for (let i = 0; i < bytes; i += 65536) crypto.getRandomValues(junk.subarray(i, Math.min(bytes, i + 65536)));
  file.writeSync(junk);
}

/** What islet has logged since. */
function logSince(node: TestNode): () => string {
  const { length } = node.log();
  return () => node.log().slice(length);
}

nodeTest("what the store is about: pods that run, were restarted or have ended", [...steadyPods], async (node) => {
  for (const name of names) await onDisk(node, name);
  equal(statusOf((await node.pod("restarted"))!)?.restartCount, 1);
  node.write("job.yaml", manifest(pod("job", "echo ran", { restartPolicy: "Never" })));
  await node.podUntil("job", "has ended", finished);
});

interface Damage {
  damage(path: string): void;
  /** What islet says of it. */
  said: RegExp;
  setAside?: boolean;
}

let editions = 0;

/** Damages the database between two lives of islet. */
function damageTest(title: string, { damage, said, setAside }: Damage): void {
  nodeTest(title, {}, async (node) => {
    const before = await node.podUntil("job", "has ended", finished);
    const steady = await watchSteady(node, names);
    const ids = await node.runtimeIds();
    const known = aside(node).length;
    await node.terminate();
    const file = database(node);
    ok(Deno.statSync(file).size > 4 * 4096, "the store holds next to nothing");
    damage(file);
    const log = logSince(node);
    await node.startIslet();
    match(log(), said);
    if (setAside) equal(aside(node).length, Math.min(3, known + 1));
    // Readiness is known again with the first probe
    for (const name of names) await node.ready(name);
    await steady({ times: false });
    deepEqual(await node.runtimeIds(), ids);
    const after = await node.podUntil("job", "is known to have ended", finished);
    deepEqual([after.metadata.uid, containerId(after)], [before.metadata.uid, containerId(before)]);
    equal(statusOf(after)?.state?.terminated?.exitCode, 0);
    // It works on: a change is kept over the next start
    const edition = `edition-${++editions}`;
    const [plain, ...others] = steadyPods;
    node.write("plain.yaml", manifest([{ ...plain, metadata: { name: "plain", labels: { edition } } }, ...others]));
    await node.podUntil("plain", `has label ${edition}`, ({ metadata }) => metadata.labels?.edition === edition);
    await node.kill9();
    const again = logSince(node);
    await node.startIslet();
    ok(!/The store (was damaged|began empty)/.test(again()), again());
    await steady({ times: false });
    equal((await node.pod("plain"))?.metadata.labels?.edition, edition);
    ok(existsSync(file) && (Deno.statSync(file).mode! & 0o777) === 0o600);
  });
}

const damaged = /The store was damaged; it was set aside and is rebuilt from manifests and the runtime/;

damageTest("a state.db that is full of junk is set aside and restarts nothing", {
  damage: (path) => scribble(path, 0, Deno.statSync(path).size),
  said: damaged,
  setAside: true,
});

damageTest("a state.db that is cut in half is set aside and restarts nothing", {
  damage: (path) => Deno.truncateSync(path, Math.floor(Deno.statSync(path).size / 2) + 100),
  said: damaged,
  setAside: true,
});

damageTest("a state.db that is damaged in the middle is set aside and restarts nothing", {
  damage: (path) => scribble(path, 4096, Deno.statSync(path).size - 2 * 4096),
  said: damaged,
  setAside: true,
});

damageTest("a state.db that is empty restarts nothing", {
  damage: (path) => Deno.truncateSync(path, 0),
  said: /The store began empty/,
});

damageTest("a state.db that is gone restarts nothing", {
  damage: (path) => Deno.removeSync(path),
  said: /The store began empty/,
});

nodeTest("a state.db that is overwritten while islet runs restarts nothing", {}, async (node) => {
  const steady = await watchSteady(node, names);
  scribble(database(node), 0, Deno.statSync(database(node)).size);
  for (let round = 0; round < 3; round++) {
    const edition = `running-${round}`;
    const [plain, ...others] = steadyPods;
    node.write("plain.yaml", manifest([{ ...plain, metadata: { name: "plain", labels: { edition } } }, ...others]));
    await node.podUntil("plain", `has label ${edition}`, ({ metadata }) => metadata.labels?.edition === edition);
  }
  await steady();
  await node.kill9();
  await node.startIslet();
  for (const name of names) await node.ready(name);
  await steady({ times: false });
  equal((await node.pod("plain"))?.metadata.labels?.edition, "running-2");
});

nodeTest("a second islet on the same rootDir is refused and disturbs nothing", {}, async (node) => {
  const steady = await watchSteady(node, names);
  const [program, ...args] = isletCommand();
  const { code, stderr, stdout } = await node.inside(
    program,
    ...args,
    "run",
    "--root-dir",
    node.rootDir,
    "--run-dir",
    node.runDir,
  );
  equal(code, 1);
  match(stderr + stdout, /another process has it open|already runs|is running/);
  await steady();
});

nodeTest(
  "a second islet in the same network is refused, whatever its rootDir, and disturbs nothing",
  {},
  async (node) => {
    const steady = await watchSteady(node, names);
    const rules = () => node.inside("nft", "-s", "list", "ruleset");
    const before = (await rules()).stdout;
    const dir = await Deno.makeTempDir({ prefix: "islet-second-" });
    try {
      const [program, ...args] = isletCommand();
      const second = await node.inside(program, ...args, "run", "--root-dir", `${dir}/root`, "--run-dir", `${dir}/run`);
      equal(second.code, 1);
      match(second.stderr, /another node runs in this network, with the root directory/);
      ok(second.stderr.includes(node.rootDir));
      equal((await rules()).stdout, before);
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
    await steady();
  },
);
