/** Who may run: extended resources, preemption for critical pods, and another try when there is room. */
import { deepEqual, equal, match, notEqual, ok } from "node:assert/strict";
import { quantityBytes } from "../../agent/objects/mod.ts";
import { parseCpuList } from "../../cgroups/mod.ts";
import { busyboxImage } from "../images/build.ts";
import { nodeAddress } from "../support/namespaces.ts";
import { nodeFile } from "../support/node_file.ts";
import { condition, container, finished, idle, manifest, pod } from "../support/pods.ts";

const { nodeTest } = nodeFile({
  config: `
apiVersion: islet.dev/v1alpha1
kind: IsletConfiguration
extendedResources: { example.com/dongle: 2 }
---
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
maxPods: 4
`,
});

const dongles = (count: number) =>
  container("main", idle, {
    resources: { requests: { "example.com/dongle": `${count}` }, limits: { "example.com/dongle": `${count}` } },
  });

nodeTest(
  "extended resources of the configuration are the node's, and a pod that finds none left runs when they come back",
  pod("dongles", dongles(2)),
  async (node) => {
    await node.ready("dongles");
    const { capacity, allocatable } = (await (await node.api(`/api/v1/nodes/${node.name}`)).json()).status;
    deepEqual([capacity["example.com/dongle"], allocatable["example.com/dongle"]], ["2", "2"]);

    node.write("dongle-late.yaml", manifest(pod("dongle-late", dongles(1))));
    const late = await node.podUntil("dongle-late", "is turned away", finished);
    deepEqual([late.status?.reason, late.status?.message], [
      "OutOfexample.com/dongle",
      "Pod was rejected: Node didn't have enough resource: example.com/dongle, requested: 1, used: 2, capacity: 2",
    ]);
    node.remove("dongles.yaml");
    const again = await node.ready("dongle-late");
    equal(again.metadata.uid, late.metadata.uid);
    node.remove("dongle-late.yaml");
    await node.gone("dongle-late");
  },
);

nodeTest("what does not fit is turned away with kubelet's reasons, and runs when there is room", {}, async (node) => {
  const port = container("main", idle, { ports: [{ containerPort: 80, hostPort: 4711 }] });
  const names = ["first", "second", "third"];
  node.write("port.yaml", manifest(pod("port", port)));
  for (const name of names) node.write(`${name}.yaml`, manifest(pod(name)));
  for (const name of ["port", ...names]) await node.ready(name);
  /** Writes a pod that is not let in, and says why it was not. */
  const refused = async (name: string, content: Record<string, unknown> = container("main")) => {
    node.write(`${name}.yaml`, manifest(pod(name, content)));
    const { status } = await node.podUntil(name, "is turned away", finished);
    return `${status?.reason} ${status?.message}`;
  };
  equal(
    await refused("too-many"),
    "OutOfpods Pod was rejected: Node didn't have enough resource: pods, requested: 1, used: 4, capacity: 4",
  );
  node.remove("third.yaml");
  await node.ready("too-many");
  node.remove("second.yaml");
  await node.gone("second");
  match(
    await refused("wants-cpu", container("main", idle, { resources: { requests: { cpu: "1k" } } })),
    /^OutOfcpu Pod was rejected: Node didn't have enough resource: cpu, requested: 1000000, used: \d+, capacity: \d+$/,
  );
  equal(
    await refused("wants-port", port),
    "NodePorts Pod was rejected: Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports",
  );
  node.remove("port.yaml");
  await node.ready("wants-port");
  for (const name of ["first", "too-many", "wants-cpu", "wants-port"]) {
    node.remove(`${name}.yaml`);
    await node.gone(name);
  }
});

nodeTest("the node says what the machine is and has, where it is, and which images there are", {}, async (node) => {
  const status = async () => (await (await node.api(`/api/v1/nodes/${node.name}`)).json()).status;
  const { capacity, allocatable, nodeInfo, addresses } = await status();
  const read = (path: string) => Deno.readTextFileSync(path).trim();
  const totalKib = Number(/^MemTotal: +(\d+) kB$/m.exec(read("/proc/meminfo"))![1]);
  equal(quantityBytes(capacity.memory), totalKib * 1024);
  // without the eviction threshold that test nodes have
  equal(quantityBytes(allocatable.memory), (totalKib - 100 * 1024) * 1024);
  const cpus = parseCpuList(read("/sys/devices/system/cpu/online"))!.length;
  deepEqual([capacity.cpu, capacity.pods], [String(cpus), "4"]);
  ok(quantityBytes(capacity["ephemeral-storage"]) > 1e8);
  deepEqual([nodeInfo.kernelVersion, nodeInfo.bootID, nodeInfo.operatingSystem], [
    read("/proc/sys/kernel/osrelease"),
    read("/proc/sys/kernel/random/boot_id"),
    "linux",
  ]);
  match(nodeInfo.containerRuntimeVersion, /^containerd:\/\/v?\d/);
  match(nodeInfo.osImage, new RegExp(/^PRETTY_NAME="?([^"\n]+)/m.exec(read("/etc/os-release"))![1].split(" ")[0]));
  deepEqual(addresses, [{ type: "InternalIP", address: nodeAddress }, { type: "Hostname", address: node.name }]);
  await node.until(
    "the node names its images",
    async () => (await status()).images.some(({ names }: { names: string[] }) => names.includes(busyboxImage)),
  );
});

nodeTest("the node's conditions tell that it and its pods' network are ready", {}, async (node) => {
  const { conditions } = (await (await node.api(`/api/v1/nodes/${node.name}`)).json()).status;
  const told = new Map<string, { status: string; reason: string; lastTransitionTime: string }>();
  for (const condition of conditions) told.set(condition.type, condition);
  deepEqual([...told.keys()], ["NetworkUnavailable", "MemoryPressure", "DiskPressure", "PIDPressure", "Ready"]);
  deepEqual([told.get("NetworkUnavailable")?.status, told.get("NetworkUnavailable")?.reason], [
    "False",
    "PodNetworkReady",
  ]);
  deepEqual([told.get("Ready")?.status, told.get("Ready")?.reason], ["True", "KubeletReady"]);
  for (const { lastTransitionTime } of told.values()) ok(Date.parse(lastTransitionTime) <= Date.now());
});

nodeTest("a critical pod displaces the least that makes room for it, which comes back after it", {}, async (node) => {
  node.write("holders.yaml", manifest([pod("holds-one", dongles(1)), pod("holds-none")]));
  await node.ready("holds-one");
  const spared = await node.ready("holds-none");
  const critical = pod("critical", dongles(2), { priorityClassName: "system-node-critical" });
  node.write("critical.yaml", manifest(critical));
  const victim = await node.podUntil("holds-one", "has been displaced", finished);
  deepEqual([victim.status?.phase, victim.status?.reason, victim.status?.message], [
    "Failed",
    "Preempting",
    "Preempted in order to admit critical pod",
  ]);
  const { status, reason } = condition(victim, "DisruptionTarget") ?? {};
  deepEqual([status, reason], ["True", "TerminationByKubelet"]);
  await node.event("holds-one", "Preempting", "Preempted in order to admit critical pod");
  await node.ready("critical");
  deepEqual((await node.pod("holds-none"))?.status?.containerStatuses, spared.status?.containerStatuses);
  const refused = (await node.events("critical")).filter(({ reason }) => /^OutOf|Preempting|Unexpected/.test(reason));
  deepEqual(refused, [], "it has only waited");
  node.remove("critical.yaml");
  await node.gone("critical");
  const back = await node.ready("holds-one");
  notEqual(back.metadata.uid, victim.metadata.uid);
  node.remove("holders.yaml");
  for (const name of ["holds-one", "holds-none"]) await node.gone(name);
});
