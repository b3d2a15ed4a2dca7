/**
 * Kills the agent at every kind of call to the runtime and at store writes, before and after they take effect, while pods
 * come, change, crash and go. Each next life finds the same runtime, the same database and the same manifests.
 *
 * The wiring is the agent's own over a runtime in memory (`agent/wiring/testing.ts`), so a run takes seconds, and a seed
 * repeats it: ISLET_CHAOS_SEED=7 deno test -A tests/chaos
 */
import assert from "node:assert/strict";
import type { Container, Pod } from "../../agent/objects/mod.ts";
import { type KillPoint, SimulatedNode } from "../../agent/wiring/testing.ts";

const leastKills = 200;

const methods = [
  "runPodSandbox",
  "createContainer",
  "startContainer",
  "stopContainer",
  "stopPodSandbox",
  "removePodSandbox",
  "removeContainer",
  "execSync",
  "pullImage",
  "imageStatus",
  "listPodSandbox",
  "listContainers",
  "podSandboxStatus",
  "containerStatus",
  "states",
  "store",
] as const;

/** mulberry32 */
function randomFrom(seed: number): () => number {
  return () => {
    seed = seed + 0x6d2b79f5 | 0;
    let t = Math.imul(seed ^ seed >>> 15, 1 | seed);
    t = t + Math.imul(t ^ t >>> 7, 61 | t) ^ t;
    return ((t ^ t >>> 14) >>> 0) / 4294967296;
  };
}

function container(name: string, more: Partial<Container> = {}): Container {
  return { name, image: `${name}:1`, ...more } as Container;
}

function pod(name: string, spec: Partial<Pod["spec"]>): Pod {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "default" },
    spec: { restartPolicy: "Always", terminationGracePeriodSeconds: 2, containers: [container("web")], ...spec },
  } as Pod;
}

const probe = { exec: { command: ["probe"] }, periodSeconds: 5 };
const always = { restartPolicy: "Always" as const };

/** Pods that are up before the first kill and have nothing to do with what follows. */
const steady = [
  pod("steady-probed", {
    containers: [container("web", { readinessProbe: probe, livenessProbe: probe, startupProbe: probe })],
  }),
  pod("steady-sidecar", {
    initContainers: [container("one"), container("mesh", always)],
    containers: [container("web"), container("two")],
  }),
  pod("steady-host", { hostNetwork: true }),
];

/** What has to stay as it is of a pod that is up. */
function identityOf(node: SimulatedNode, name: string) {
  const { podIPs, startTime, containerStatuses = [], initContainerStatuses = [] } = node.status(name);
  return {
    uid: node.pod(name)?.metadata.uid,
    podIPs,
    startTime,
    ready: node.condition(name, "Ready"),
    containers: [...initContainerStatuses, ...containerStatuses].map(({ name, containerID, restartCount, ready }) => ({
      name,
      containerID,
      restartCount,
      ready,
    })),
  };
}

/** The manifests, and a source that is no more than a comparison. */
class Manifests {
  readonly wanted = new Map<string, Pod>();

  async write(node: SimulatedNode): Promise<void> {
    for (const { object } of node.store.list<Pod>("Pod")) {
      const { name, deletionTimestamp } = object.metadata;
      if (deletionTimestamp || node.life?.dead) continue;
      const wanted = this.wanted.get(name);
      if (wanted && incarnation(wanted) === incarnation(object)) continue;
      await node.remove(name, 2);
    }
    for (const [name, wanted] of this.wanted) {
      if (node.life?.dead) return;
      const stored = node.pod(name);
      if (!stored) await node.apply(wanted);
      else if (!stored.metadata.deletionTimestamp && image(stored) !== image(wanted)) {
        const { status: _status, ...rest } = stored;
        await node.apply({ ...rest, spec: { ...rest.spec, containers: wanted.spec.containers } });
      }
    }
  }
}

function incarnation({ metadata }: Pod): string | undefined {
  return metadata.annotations?.incarnation;
}

function image({ spec }: Pod): string | undefined {
  return spec.containers[0].image;
}

/** What happens to pods in a round. */
class Churn {
  #count = 0;

  constructor(readonly node: SimulatedNode, readonly manifests: Manifests, readonly random: () => number) {}

  add(): void {
    const name = `churn-${this.#count++ % 4}`;
    const kinds: Partial<Pod["spec"]>[] = [
      {},
      {
        initContainers: [container("one"), container("mesh", always)],
        containers: [container("web"), container("two")],
      },
      { restartPolicy: "Never", containers: [container("job")] },
      { containers: [container("web", { lifecycle: { preStop: { exec: { command: ["bye"] } } } })] },
      { containers: [container("web", { image: `registry.example/far:${this.#count}` })] },
    ];
    const made = pod(name, this.#pick(kinds));
    made.metadata.annotations = { incarnation: String(this.#count) };
    this.node.runtime.images.publish(`registry.example/far:${this.#count}`);
    this.manifests.wanted.set(name, made);
  }

  remove(): void {
    const names = this.#names();
    if (names.length > 0) this.manifests.wanted.delete(this.#pick(names));
  }

  edit(): void {
    const names = this.#names();
    if (names.length === 0) return;
    const name = this.#pick(names), of = this.manifests.wanted.get(name)!;
    const [first, ...rest] = of.spec.containers;
    const next = first.image === "web:2" ? "two:1" : "web:2";
    this.manifests.wanted.set(name, { ...of, spec: { ...of.spec, containers: [{ ...first, image: next }, ...rest] } });
  }

  crash(): void {
    const running = [...this.node.runtime.containers.values()].filter(({ running, config }) =>
      running && config.labels["io.kubernetes.pod.name"].startsWith("churn")
    );
    if (running.length > 0) this.#pick(running).exit(1);
  }

  killSandbox(): void {
    const ready = [...this.node.runtime.sandboxes.values()].filter(({ ready, config }) =>
      ready && config.metadata?.name.startsWith("churn")
    );
    if (ready.length > 0) this.node.runtime.killSandbox(this.#pick(ready).id);
  }

  #names(): string[] {
    return [...this.manifests.wanted.keys()].filter((name) => name.startsWith("churn"));
  }

  #pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.random() * list.length)];
  }
}

Deno.test("killed at 200 calls and writes, islet restarts nothing that runs, leaks nothing, and does what the manifests say", async () => {
  const seed = Number(Deno.env.get("ISLET_CHAOS_SEED") ?? 20260101);
  const random = randomFrom(seed);
  const images = ["web:1", "web:2", "one:1", "two:1", "mesh:1", "job:1"];
  await using node = new SimulatedNode({ images });
  node.runtime.program = ({ name }) => name === "one" || name === "job" ? { exitAfterMs: 300 } : {};
  const manifests = new Manifests();
  const churn = new Churn(node, manifests, random);
  for (const one of steady) manifests.wanted.set(one.metadata.name, one);
  await node.start();
  await manifests.write(node);
  await node.advance(60_000);
  const before = new Map(steady.map(({ metadata: { name } }) => [name, identityOf(node, name)]));
  for (const [name, { ready }] of before) assert.equal(ready?.status, "True", name);
  const steadyUids = new Set([...before.values()].map(({ uid }) => uid));
  const steadyCalls = () =>
    node.runtime.calls.filter(({ method, request }) =>
      (method === "createContainer" || method === "runPodSandbox") &&
      steadyUids.has((request.sandboxConfig ?? request.config).metadata.uid)
    ).length;
  const calls = steadyCalls();

  const points: KillPoint[] = methods.flatMap((at) =>
    (["before", "after"] as const).map((when): KillPoint => ({ at, when, nth: 1 }))
  );
  const hits = new Map<string, number>();
  let kills = 0;
  node.onKilled = ({ at, when }) => {
    kills++;
    hits.set(`${when} ${at}`, (hits.get(`${when} ${at}`) ?? 0) + 1);
  };
  const check = (when: string) => {
    const hint = `seed ${seed}, after ${kills} kills, ${when}`;
    for (const [name, identity] of before) assert.deepEqual(identityOf(node, name), identity, `${name}: ${hint}`);
    assert.equal(steadyCalls(), calls, hint);
  };
  for (let round = 0; kills < leastKills; round++) {
    assert.ok(round < 3 * leastKills, `too few of the kill points are reached: ${kills} in ${round} rounds`);
    // asking for the rarely reached more often
    const [rare] = points.map((point) => ({ point, hits: hits.get(`${point.when} ${point.at}`) ?? 0 }))
      .sort((a, b) => a.hits - b.hits || random() - 0.5);
    const point = random() < 0.7 ? rare.point : points[Math.floor(random() * points.length)];
    await node.kill();
    const started = node.start();
    node.life!.killPoint = { ...point, nth: 1 + Math.floor(random() * 3) };
    await started;
    if (!node.life!.dead && node.pods.observer.available) check("adopted");
    for (let step = 0; step < 4 && !node.life!.dead; step++) {
      const deed = random();
      if (deed < 0.35) churn.add();
      else if (deed < 0.55) churn.remove();
      else if (deed < 0.7) churn.edit();
      else if (deed < 0.9) churn.crash();
      else churn.killSandbox();
      await manifests.write(node);
      await node.advance(random() * 4000);
      if (!node.life!.dead) check("at work");
    }
  }
  for (const { at, when } of points) assert.ok(hits.has(`${when} ${at}`), `no kill ${when} ${at}; seed ${seed}`);

  // the last life: all becomes as the manifests say
  await node.kill();
  await node.start();
  for (let i = 0; i < 40; i++) {
    await manifests.write(node);
    await node.advance(20_000);
  }
  check("in the end");
  const hint = `seed ${seed}`;
  const rows = node.store.list<Pod>("Pod").map(({ object }) => object);
  assert.deepEqual(rows.map(({ metadata }) => metadata.name).sort(), [...manifests.wanted.keys()].sort(), hint);
  const running = node.running().map((line) => line.split("#")[0]);
  const wanted: string[] = [];
  for (const row of rows) {
    const { name, uid } = row.metadata;
    assert.equal(image(row), image(manifests.wanted.get(name)!), hint);
    if (row.spec.restartPolicy === "Never") {
      assert.match(row.status?.phase ?? "", /Succeeded|Failed/, hint);
      assert.ok(!node.podDirs.has(uid!), `${name} keeps its directory, ${hint}`);
      continue;
    }
    assert.equal(node.condition(name, "Ready")?.status, "True", `${name}, ${hint}`);
    assert.ok(node.podDirs.has(uid!), hint);
    const sidecars = row.spec.initContainers?.filter(({ restartPolicy }) => restartPolicy === "Always") ?? [];
    for (const one of [...sidecars, ...row.spec.containers]) wanted.push(`${name}/${one.name}`);
  }
  assert.deepEqual(running, wanted.sort(), hint);
  const uids = new Set(rows.map(({ metadata }) => metadata.uid!));
  const alive = rows.filter(({ spec }) => spec.restartPolicy !== "Never").length;
  assert.equal(node.podDirs.size, alive, hint);
  assert.equal(node.podCgroups().length, alive, hint);
  assert.equal([...node.runtime.sandboxes.values()].filter(({ ready }) => ready).length, alive, hint);
  for (const { config } of node.runtime.sandboxes.values()) assert.ok(uids.has(config.metadata!.uid), hint);
  for (const { sandbox } of node.runtime.containers.values()) assert.ok(uids.has(sandbox.config.metadata!.uid), hint);
  for (const [uid] of node.store.records("pods")) assert.ok(uids.has(uid), hint);

  manifests.wanted.clear();
  await manifests.write(node);
  await node.advance(30_000);
  assert.deepEqual(node.traces(), [], hint);
});
