import { deepEqual, equal, match, ok, throws } from "node:assert/strict";
import { FakeCgroups } from "../../cgroups/fake.ts";
import { formatCpuList, parseCpuList } from "../../cgroups/mod.ts";
import type { Pod } from "../objects/mod.ts";
import { Listeners } from "../listeners.ts";
import type { ObservedPod } from "../observed/types.ts";
import { box, exact, podOf } from "../resources/testing.ts";
import { cpusAnnotation } from "../runtime/mod.ts";
import { silentLogger } from "../telemetry/log.ts";
import { PodCpus, type PodCpusOptions } from "./cpus.ts";

// on this machine's own CPUs: the first is the system's, the second is the one that can be had
const online = parseCpuList(Deno.readTextFileSync("/sys/devices/system/cpu/online"))!;
const [first, second] = online;
const all = formatCpuList(online), rest = formatCpuList(online.filter((cpu) => cpu !== second));
const enough = online.length > 1;

const own = podOf([exact("main", { cpu: "1", memory: "16Mi" })], {}, { uid: "own" });
const shares = podOf([box("main")], {}, { uid: "shares" });

interface Machine {
  cpus: PodCpus;
  /** Calls to the runtime, as `id=cpus`. */
  told: string[];
  onChange(uid: string): Promise<void>;
}

function machine(policy: "static" | "none", running: Record<string, string>, broken = false): Machine {
  const told: string[] = [];
  const kernel = new FakeCgroups(1);
  const observed = (uid: string) => ({
    containers: uid in running
      ? [{
        id: `${uid}-main`,
        name: "main",
        state: "running",
        annotations: running[uid] ? { [cpusAnnotation]: running[uid] } : {},
      }]
      : [],
  } as unknown as ObservedPod);
  const runtime = {
    async updateContainerResources({ containerId, linux }: { containerId: string; linux: { cpusetCpus: string } }) {
      told.push(`${containerId}=${linux.cpusetCpus}`);
      if (broken) throw new Error("no");
      return {};
    },
  };
  const cpus = new PodCpus({
    config: {
      cpuManager: { policy, reserved: [first], fullPcpusOnly: false, strictReservation: false },
      reservation: { systemReserved: {}, kubeReserved: {}, evictionHard: {} },
    },
    cri: { runtime } as unknown as PodCpusOptions["cri"],
    cgroups: kernel.fs(),
    cgroupPaths: { driver: "cgroupfs" },
    runtimeName: () => "containerd",
    pods: () => [own, shares],
    observed,
    spread: () => {},
    log: silentLogger,
  });
  const observer = { onChange: new Listeners<[uid: string]>() };
  cpus.follow(observer);
  return {
    cpus,
    told,
    async onChange(uid) {
      observer.onChange.tell(uid);
      for (let turn = 0; turn < 20; turn++) await Promise.resolve();
    },
  };
}

const main = (pod: Pod) => pod.spec.containers[0];

Deno.test({
  name: "PodCpus makes containers with their CPUs and tells running ones when those change, once",
  ignore: !enough,
  fn: async () => {
    const { cpus, told, onChange } = machine("static", { shares: "" });
    deepEqual([...cpus.admit([{ pod: shares, running: true }])], []);
    await onChange("shares");
    deepEqual(told, [`shares-main=${all}`], "nobody knows what it had");
    deepEqual([...cpus.admit([{ pod: shares, running: true }, { pod: own, running: false }])], []);
    await onChange("shares");
    deepEqual(told.slice(1), [`shares-main=${rest}`]);
    deepEqual(cpus.of(own, main(own)), { list: `${second}`, own: true });
    deepEqual(cpus.of(shares, main(shares)), { list: rest, own: false });
    ok(cpus.has(own) && !cpus.has(shares));
    cpus.admit([{ pod: shares, running: true }]);
    await onChange("shares");
    deepEqual(told.slice(2), [`shares-main=${all}`]);
  },
});

Deno.test({
  name: "PodCpus takes over what running containers have, and refuses a pod that finds none left",
  ignore: !enough,
  fn: async () => {
    const { cpus } = machine("static", { own: `${second}` });
    const many = podOf([exact("main", { cpu: `${online.length - 1}`, memory: "16Mi" })], {}, { uid: "many" });
    const refused = cpus.admit([{ pod: own, running: true }, { pod: many, running: false }]);
    deepEqual(cpus.of(own, main(own)), { list: `${second}`, own: true });
    equal(refused.get("many")?.reason, "UnexpectedAdmissionError");
    match(refused.get("many")!.message, /not enough cpus available/);
  },
});

Deno.test("PodCpus under the policy none lets containers out of what an earlier life gave them, and confines none", async () => {
  const { cpus, told, onChange } = machine("none", { own: `${second ?? first}` });
  deepEqual([...cpus.admit([{ pod: own, running: true }])], []);
  await onChange("own");
  deepEqual(told, [`own-main=${all}`]);
  equal(cpus.of(own, main(own)), undefined);
  equal(cpus.has(own), false);
});

Deno.test("PodCpus tries again with the next change what the runtime has refused", async () => {
  const { told, onChange } = machine("static", { shares: "" }, true);
  await onChange("shares");
  await onChange("shares");
  ok(told.length >= 2);
});

Deno.test("PodCpus needs the cgroup controller cpuset", () => {
  const cgroups = new FakeCgroups(2, ["cpu", "memory"]).fs();
  throws(() => new PodCpus({ cgroups } as unknown as PodCpusOptions), /no cgroup controller cpuset/);
});
