/**
 * Any pod, any run of faults: in the end it is as its spec says, and on the way nothing is done twice or out of order.
 * More of it: ISLET_PROPERTY_RUNS=1000 ISLET_PROPERTY_SEED=7 deno test -A agent/pods/worker_property_test.ts
 */
import fc from "fast-check";
import assert from "node:assert/strict";
import type { FakeContainer, FakeRuntime } from "../../../cri/fake.ts";
import type { MethodName } from "../../../cri/mod.ts";
import type { Container, Pod } from "../../objects/mod.ts";
import { SimulatedNode } from "../../wiring/testing.ts";

type Role = "init" | "sidecar" | "regular";

interface Program {
  role: Role;
  /** Exit codes of the first runs; what follows is what the role is for. */
  exits: number[];
}

interface Case {
  restartPolicy: "Always" | "OnFailure" | "Never";
  programs: Program[];
  deeds: Deed[];
}

type Deed =
  | { type: "advance"; ms: number }
  | { type: "exit"; which: number; code: number }
  | { type: "killSandbox" }
  | { type: "forgetRecord"; which: number }
  | { type: "fault"; method: MethodName; kind: "error" | "lostAnswer" | "hang" | "hangAfter" | "stuck" }
  | { type: "runtimeAway"; ms: number }
  | { type: "resize"; which: number; mebibytes: number }
  | { type: "killAgent" }
  | { type: "loseEvents"; lose: boolean }
  | { type: "reboot" };

const methods: MethodName[] = [
  "runPodSandbox",
  "createContainer",
  "startContainer",
  "stopContainer",
  "stopPodSandbox",
  "removePodSandbox",
  "removeContainer",
  "updateContainerResources",
  "containerStats",
  "listPodSandbox",
  "listContainers",
  "containerStatus",
  "podSandboxStatus",
  "imageStatus",
];

const deed: fc.Arbitrary<Deed> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ type: fc.constant("advance" as const), ms: fc.integer({ min: 0, max: 15_000 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ type: fc.constant("exit" as const), which: fc.nat(5), code: fc.constantFrom(0, 1, 137) }),
  },
  { weight: 1, arbitrary: fc.constant<Deed>({ type: "killSandbox" }) },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant("resize" as const),
      which: fc.nat(5),
      mebibytes: fc.constantFrom(32, 96, 128),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("forgetRecord" as const), which: fc.nat(5) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant("fault" as const),
      method: fc.constantFrom(...methods),
      kind: fc.constantFrom("error" as const, "lostAnswer" as const, "hang" as const, "hangAfter" as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant("fault" as const),
      method: fc.constantFrom<MethodName>("runPodSandbox", "createContainer"),
      kind: fc.constant("stuck" as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant("runtimeAway" as const), ms: fc.integer({ min: 0, max: 20_000 }) }),
  },
  { weight: 2, arbitrary: fc.constant<Deed>({ type: "killAgent" }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("loseEvents" as const), lose: fc.boolean() }) },
  { weight: 1, arbitrary: fc.constant<Deed>({ type: "reboot" }) },
);

const programs = fc.tuple(
  fc.array(
    fc.record<Program>({
      role: fc.constantFrom<Role>("init", "sidecar"),
      exits: fc.array(fc.constantFrom(0, 1), { maxLength: 2 }),
    }),
    { maxLength: 3 },
  ),
  fc.array(
    fc.record<Program>({
      role: fc.constant<Role>("regular"),
      exits: fc.array(fc.constantFrom(0, 1), { maxLength: 2 }),
    }),
    { minLength: 1, maxLength: 2 },
  ),
).map(([before, regular]) => [...before, ...regular]);

const cases: fc.Arbitrary<Case> = fc.record({
  restartPolicy: fc.constantFrom("Always" as const, "OnFailure" as const, "Never" as const),
  programs,
  deeds: fc.array(deed, { maxLength: 12 }),
});

function podOf({ restartPolicy, programs }: Case): Pod {
  const containers = (wanted: (role: Role) => boolean) =>
    programs.flatMap(({ role }, i): Container[] =>
      wanted(role)
        ? [{
          name: `c${i}`,
          image: "web:1",
          resources: memory(64),
          ...(i % 2 === 1 ? { resizePolicy: [{ resourceName: "memory", restartPolicy: "RestartContainer" }] } : {}),
          ...(role === "sidecar" ? { restartPolicy: "Always" } : {}),
        } as Container]
        : []
    );
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "web", namespace: "default" },
    spec: {
      restartPolicy,
      terminationGracePeriodSeconds: 3,
      initContainers: containers((role) => role !== "regular"),
      containers: containers((role) => role === "regular"),
    },
  } as Pod;
}

const memory = (mebibytes: number) => ({
  limits: { memory: `${mebibytes}Mi` },
  requests: { memory: `${mebibytes}Mi` },
});

/** What a container of the runtime may use, MiB. */
function memoryOf({ resources, config }: FakeContainer): number {
  return Number((resources ?? config.linux?.resources)?.memoryLimitInBytes) / 2 ** 20;
}

/** memory.max of the pod's cgroup, MiB. */
function podMemory(node: SimulatedNode): number {
  const [name] = node.cgroups.list("/kubepods/burstable");
  return Number(node.cgroups.read(`/kubepods/burstable/${name}`, "memory.max")) / 2 ** 20;
}

/** Watches the runtime: what is wrong with a start is said at the end, where it fails the test. */
class Referee {
  readonly complaints: string[] = [];
  #runs = new Map<number, number>();

  readonly runtime: FakeRuntime;

  constructor(readonly node: SimulatedNode, readonly one: Case) {
    this.runtime = node.runtime;
    this.runtime.program = (container) => this.#program(container);
  }

  #program(container: FakeContainer) {
    const index = Number(container.name.slice(1));
    const { role, exits } = this.one.programs[index];
    this.#judge(container, index, role);
    const run = this.#runs.get(index) ?? 0;
    this.#runs.set(index, run + 1);
    if (run < exits.length) return { exitAfterMs: 700, exitCode: exits[run] };
    const ends = role === "init" || role === "regular" && this.one.restartPolicy !== "Always";
    return ends ? { exitAfterMs: 700, exitCode: 0 } : {};
  }

  #judge(container: FakeContainer, index: number, role: Role): void {
    const here = [...this.runtime.containers.values()].filter((other) => other !== container);
    const say = (what: string) => void this.complaints.push(`${container.name}#${container.attempt} ${what}`);
    if (!container.sandbox.ready) say("starts in a dead sandbox");
    const used = here.filter(({ running }) => running).reduce(
      (sum, other) => sum + memoryOf(other),
      memoryOf(container),
    );
    if (used > podMemory(this.node)) say("starts in a cgroup without room for it");
    if (here.some(({ name, running }) => name === container.name && running)) say("starts beside another attempt");
    const ended = here.filter(({ sandbox, running, startedAt }) =>
      sandbox === container.sandbox && !running && startedAt > 0n
    );
    if (role === "init" && ended.some(({ name, exitCode }) => name === container.name && exitCode === 0)) {
      say("starts again in the sandbox in which it completed");
    }
    if (role !== "regular") return;
    for (const [i, { role: other }] of this.one.programs.entries()) {
      if (other !== "init" || i > index || this.forgotten.has(`c${i}`)) continue;
      const done = ended.some(({ name, exitCode }) => name === `c${i}` && exitCode === 0);
      if (!done) say(`starts before c${i} has completed`);
    }
  }

  /** Containers whose records somebody removed. */
  readonly forgotten = new Set<string>();
}

async function happen(node: SimulatedNode, referee: Referee, deed: Deed): Promise<void> {
  const { runtime } = node;
  switch (deed.type) {
    case "advance":
      return await node.advance(deed.ms);
    case "exit": {
      const running = [...runtime.containers.values()].filter(({ running }) => running);
      if (running.length > 0) running[deed.which % running.length].exit(deed.code);
      return await node.settle();
    }
    case "killSandbox": {
      const ready = [...runtime.sandboxes.values()].find(({ ready }) => ready);
      if (ready) runtime.killSandbox(ready.id);
      return await node.settle();
    }
    case "forgetRecord": {
      const ended = [...runtime.containers.values()].filter(({ running }) => !running);
      if (ended.length === 0) return;
      const { id, name } = ended[deed.which % ended.length];
      referee.forgotten.add(name);
      const somebody = runtime.client();
      // it may meet a fault, and then waits for nothing
      somebody.runtime.removeContainer({ containerId: id }).catch(() => {});
      await node.settle();
      return somebody.close();
    }
    case "resize": {
      const resources = memory(deed.mebibytes);
      await node.store.change<Pod>("local", "Pod", "default", "web", (pod) => {
        const { spec, ...rest } = pod!;
        const { initContainers = [], containers } = spec;
        const all = [...initContainers.filter(({ restartPolicy }) => restartPolicy), ...containers];
        const { name } = all[deed.which % all.length];
        const next = (list: Container[]) => list.map((one) => one.name === name ? { ...one, resources } : one);
        return { ...rest, spec: { ...spec, initContainers: next(initContainers), containers: next(containers) } };
      });
      return await node.settle();
    }
    case "fault":
      return void runtime.fault(deed.method, { kind: deed.kind, code: "unavailable" });
    case "runtimeAway":
      runtime.stop();
      await node.advance(deed.ms);
      runtime.start();
      return await node.settle();
    case "killAgent":
      await node.kill();
      return await node.start();
    case "loseEvents":
      return void (runtime.events.interfere = (event) => deed.lose ? [] : [event]);
    case "reboot":
      await node.kill();
      node.bootId += "'";
      runtime.reboot();
      return await node.start();
    default:
      return deed satisfies never;
  }
}

Deno.test("any pod with any run of faults becomes what its spec says, and leaves nothing when it is deleted", async () => {
  const kinds = new Set<string>();
  await fc.assert(
    fc.asyncProperty(cases, async (one) => {
      await using node = new SimulatedNode({ images: ["web:1"] });
      const referee = new Referee(node, one);
      await node.start();
      await node.apply(podOf(one));
      for (const deed of one.deeds) await happen(node, referee, deed);
      // from here on nothing goes wrong any more
      node.runtime.clearFaults();
      node.runtime.releaseNames();
      await node.advance(1_500_000);
      assert.deepEqual(referee.complaints, []);
      const { phase } = node.status("web");
      kinds.add(`${one.restartPolicy} ${phase}`);
      if (one.restartPolicy === "Always") {
        assert.equal(phase, "Running");
        assert.equal(node.condition("web", "Ready")?.status, "True");
        const wanted = one.programs.flatMap(({ role }, i) => role === "init" ? [] : [`web/c${i}`]);
        assert.deepEqual(node.running().map((line) => line.split("#")[0]), wanted);
        assert.equal([...node.runtime.sandboxes.values()].filter(({ ready }) => ready).length, 1);
        const { initContainers = [], containers } = node.pod("web")!.spec;
        const sizes = [...initContainers, ...containers].filter(({ name }) => wanted.includes(`web/${name}`))
          .map(({ resources }) => parseInt(String(resources?.limits?.memory)));
        const running = [...node.runtime.containers.values()].filter(({ running }) => running);
        assert.deepEqual(running.sort((a, b) => a.name < b.name ? -1 : 1).map(memoryOf), sizes);
        assert.ok(podMemory(node) >= sizes.reduce((sum, size) => sum + size));
        const unsettled = node.status("web").conditions?.filter(({ type }) => type.startsWith("PodResize"));
        assert.deepEqual(unsettled, []);
      } else {
        assert.match(phase ?? "", one.restartPolicy === "OnFailure" ? /^Succeeded$/ : /^(Succeeded|Failed)$/);
        assert.deepEqual(node.running(), []);
        assert.equal([...node.runtime.sandboxes.values()].some(({ ready }) => ready), false);
        assert.equal(node.podDirs.size, 0);
      }
      const names = new Map([...node.runtime.containers.values()].map(({ id, name }) => [id, name]));
      const running = node.running();
      const { length } = node.runtime.calls;
      await node.remove("web", 3);
      await node.advance(30_000);
      assert.deepEqual(node.traces(), []);
      const stopped = node.runtime.calls.slice(length).filter(({ method }) => method === "stopContainer")
        .map(({ request }) => names.get(request.containerId)!);
      assert.equal(stopped.length, running.length);
      const sidecars = one.programs.flatMap(({ role }, i) => role === "sidecar" ? [`c${i}`] : []);
      const last = one.restartPolicy === "Always" ? sidecars.reverse() : [];
      assert.deepEqual(stopped.slice(stopped.length - last.length), last);
    }),
    {
      numRuns: Number(Deno.env.get("ISLET_PROPERTY_RUNS") ?? 40),
      seed: Number(Deno.env.get("ISLET_PROPERTY_SEED") ?? 20260101),
    },
  );
  assert.ok(
    kinds.has("Always Running") && kinds.has("OnFailure Succeeded") && kinds.has("Never Failed"),
    [...kinds].join(),
  );
});
