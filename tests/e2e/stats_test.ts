/** What pods use, against the cgroup files themselves: kubectl top, the Summary API, and all pages of metrics. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { quantityNumber } from "../../agent/objects/mod.ts";
import type { FsStats, PodStats, Summary } from "../../agent/stats/mod.ts";
import { kubectlOf } from "../support/kubectl.ts";
import { nodeFile } from "../support/node_file.ts";
import { containerCgroup, cpuNs, held, podCgroup, workingSet } from "../support/cgroup_files.ts";
import { sleep, type TestNode } from "../support/node.ts";
import { container, containerId, idle, type Pod, pod } from "../support/pods.ts";

const { nodeTest } = nodeFile();

const metricsPath = "/apis/metrics.k8s.io/v1beta1/pods";

// deno-lint-ignore no-explicit-any -- answers are looked at field by field
async function json(node: TestNode, path: string): Promise<any> {
  const answer = await node.api(path);
  equal(answer.status, 200, path);
  return await answer.json();
}

/** Works as hard as its quota permits. */
const burn = "while :; do :; done";
/** Holds some memory that is in use. */
const hold = `x=$(head -c 20000000 /dev/zero | tr '\\0' x); echo held; ${idle}`;

interface Sample {
  labels: Record<string, string>;
  value: number;
  time?: number;
}

/** A page of metrics: samples by name. */
async function scrape(node: TestNode, path: string, accept = "text/plain"): Promise<Map<string, Sample[]>> {
  const answer = await node.api(path, { headers: { accept } });
  const text = await answer.text();
  equal(answer.status, 200, text);
  match(answer.headers.get("content-type") ?? "", /^text\/plain; version=0\.0\.4/);
  const samples = new Map<string, Sample[]>();
  for (const line of text.split("\n")) {
    if (line === "" || line.startsWith("#")) continue;
    const [, name, labels = "", value, time] = /^(\w+)(?:\{(.*)\})? (\S+)(?: (\d+))?$/.exec(line) ??
      (() => {
        throw new Error(`Cannot read sample: ${line}`);
      })();
    const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key, text]) => [key, text]);
    const sample = { labels: Object.fromEntries(pairs), value: Number(value), time: time && Number(time) };
    const known = samples.get(name);
    if (known) known.push(sample as Sample);
    else samples.set(name, [sample as Sample]);
  }
  return samples;
}

function find(samples: Map<string, Sample[]>, name: string, labels: Record<string, string> = {}): Sample {
  const found = (samples.get(name) ?? []).filter((sample) =>
    Object.entries(labels).every(([key, value]) => sample.labels[key] === value)
  );
  equal(found.length, 1, `${name}${JSON.stringify(labels)}: ${JSON.stringify(samples.get(name))}`);
  return found[0];
}

/** Whether two numbers are the same within 5 %. */
function near(found: number, expected: number, what: string): void {
  ok(Math.abs(found - expected) <= Math.abs(expected) * 0.05, `${what}: ${found}, and the cgroup says ${expected}`);
}

const burner = pod("burner", [
  container("main", burn, { resources: { limits: { cpu: "200m", memory: "64Mi" } } }),
  container("beside", hold, { resources: { requests: { cpu: "10m" } } }),
]);

nodeTest("the resource metrics say what the cgroups say", burner, async (node) => {
  const running = await node.ready("burner");
  await node.logged("burner", "held", "beside");
  const before = { main: cpuNs(node, containerCgroup(running, "main")), pod: cpuNs(node, podCgroup(running)) };
  const samples = await scrape(node, "/metrics/resource");
  const after = { main: cpuNs(node, containerCgroup(running, "main")), pod: cpuNs(node, podCgroup(running)) };
  const labels = { container: "main", pod: "burner", namespace: "default" };
  const cpu = find(samples, "container_cpu_usage_seconds_total", labels);
  ok(cpu.value >= before.main / 1e9 && cpu.value <= after.main / 1e9, `${cpu.value} of ${JSON.stringify(after)}`);
  ok(Math.abs(cpu.time! - Date.now()) < 60_000);
  const whole = find(samples, "pod_cpu_usage_seconds_total", { pod: "burner" });
  ok(whole.value >= before.pod / 1e9 && whole.value <= after.pod / 1e9);
  const beside = { ...labels, container: "beside" };
  near(
    find(samples, "container_memory_working_set_bytes", beside).value,
    workingSet(node, containerCgroup(running, "beside")),
    "a container's working set",
  );
  near(
    find(samples, "pod_memory_working_set_bytes", { pod: "burner" }).value,
    workingSet(node, podCgroup(running)),
    "a pod's working set",
  );
  const started = Date.parse(running.status!.containerStatuses![0].state!.running!.startedAt!) / 1000;
  ok(Math.abs(find(samples, "container_start_time_seconds", labels).value - started) < 1.5);
  ok(find(samples, "node_cpu_usage_seconds_total").value > 1);
  equal(find(samples, "resource_scrape_error").value, 0);
});

nodeTest("rates of metrics.k8s.io are right within 5 % of the cgroup files", {}, async (node) => {
  const running = await node.ready("burner");
  await json(node, metricsPath);
  // a look that is younger than a second serves the next question, too
  await sleep(1100);
  // The window goes from one question to the next, and is looked at somewhere between before and after each.
  const look = () => ({ ms: performance.now(), ns: cpuNs(node, containerCgroup(running, "main")) });
  const before = look();
  await json(node, metricsPath);
  const begun = look();
  await sleep(5000);
  const ending = look();
  const answer = await json(node, metricsPath);
  const after = look();
  const { containers, timestamp, window, metadata } = answer.items.find(({ metadata }: Pod) =>
    metadata.name === "burner"
  );
  deepEqual(containers.map(({ name }: { name: string }) => name), ["main", "beside"]);
  const least = (ending.ns - begun.ns) / 1e6 / (after.ms - before.ms);
  const most = (after.ns - before.ns) / 1e6 / (ending.ms - begun.ms);
  const cpu = quantityNumber(containers[0].usage.cpu);
  ok(cpu >= least * 0.95 && cpu <= most * 1.05, `CPU: ${cpu}, and the cgroup says ${least} to ${most}`);
  near(quantityNumber(containers[1].usage.memory), workingSet(node, containerCgroup(running, "beside")), "memory");
  equal(metadata.namespace, "default");
  ok(Math.abs(Date.parse(timestamp) - Date.now()) < 60_000);
  const seconds = Number(/^(\d+(?:\.\d+)?)s$/.exec(window)?.[1]);
  ok(seconds >= 4.9 && seconds * 1000 <= after.ms - before.ms + 100, window);
  const one = await json(node, `${metricsPath.replace("/pods", "/namespaces/default/pods")}/burner`);
  equal(one.kind, "PodMetrics");
});

nodeTest("metrics of a pod that there is not, or that does not run yet, are not found", {
  ...pod("waiting", [container("main", idle, { image: "localhost:1/no-such-image:1" })]),
}, async (node) => {
  await node.podUntil("waiting", "waits for its image", ({ status }) => status?.phase === "Pending");
  const namespaced = metricsPath.replace("/pods", "/namespaces/default/pods");
  for (
    const [name, message] of [
      ["nobody", 'pods "nobody" not found'],
      ["waiting", 'podmetrics.metrics.k8s.io "default/waiting" not found'],
    ]
  ) {
    const answer = await node.api(`${namespaced}/${name}`);
    equal(answer.status, 404);
    equal((await answer.json()).message, message);
  }
  const node404 = await node.api("/apis/metrics.k8s.io/v1beta1/nodes/other");
  equal(node404.status, 404);
  equal((await node404.json()).message, 'nodes "other" not found');
});

nodeTest("kubectl top shows pods, containers and the node", {}, async (node) => {
  const running = await node.ready("burner");
  const kubectl = await kubectlOf(node, "1.32");
  const table = async (...args: string[]) => {
    const { code, stdout, stderr } = await kubectl.run("top", ...args);
    equal(code, 0, stderr);
    return stdout.trimEnd().split("\n").map((line) => line.trimEnd().split(/\s+/));
  };
  const [heads, ...pods] = await table("pods");
  deepEqual(heads, ["NAME", "CPU(cores)", "MEMORY(bytes)"]);
  const burning = pods.find(([name]) => name === "burner")!;
  ok(parseInt(burning[1]) >= 1 && parseInt(burning[1]) <= 250, burning[1]);
  near(
    parseInt(burning[2]) * 2 ** 20,
    workingSet(node, containerCgroup(running, "main")) + workingSet(node, containerCgroup(running, "beside")),
    "memory",
  );
  const containers = await table("pod", "burner", "--containers");
  deepEqual(containers[0], ["POD", "NAME", "CPU(cores)", "MEMORY(bytes)"]);
  deepEqual(containers.slice(1).map(([pod, name]) => [pod, name]), [["burner", "beside"], ["burner", "main"]]);
  const sorted = await table("pods", "-A", "--sort-by=memory", "--no-headers");
  equal(sorted[0][1], "burner");
  match((await kubectl.run("top", "pods", "-l", "app=none")).stderr, /^No resources found/);
  const nodes = await table("nodes");
  equal(nodes[0][0], "NAME");
  equal(nodes[1][0], node.name);
  match(nodes[1][1], /^\d+m$/);
  match(nodes[1][2], /^\d+%$/);
  match(nodes[1][3], /^\d+Mi$/);
});

const stored = pod("stored", [
  container(
    "main",
    `head -c 3000000 /dev/urandom > /disk/file; head -c 2000000 /dev/urandom > /memory/file; head -c 4000000 /dev/urandom > /layer; echo written; ${idle}`,
    {
      volumeMounts: [{ name: "disk", mountPath: "/disk" }, { name: "memory", mountPath: "/memory" }],
      livenessProbe: { exec: { command: ["true"] }, periodSeconds: 1 },
      readinessProbe: { exec: { command: ["test", "-e", "/nothing"] }, periodSeconds: 1 },
    },
  ),
], { volumes: [{ name: "disk", emptyDir: {} }, { name: "memory", emptyDir: { medium: "Memory", sizeLimit: "8Mi" } }] });

nodeTest("the summary has CPU, memory, network, logs and volumes of each pod, and the node", stored, async (node) => {
  await node.logged("stored", "written");
  const summary: Summary = await json(node, "/stats/summary");
  const stats = summary.pods.find(({ podRef }) => podRef.name === "stored");
  const running = (await node.pod("stored"))!;
  equal(stats!.podRef.uid, running.metadata.uid);
  equal(stats!.startTime.slice(0, 15), running.status!.startTime!.slice(0, 15));
  const [main] = stats!.containers!;
  ok(
    main.cpu!.usageCoreNanoSeconds! > 0 &&
      main.cpu!.usageCoreNanoSeconds! <= cpuNs(node, containerCgroup(running, "main")),
  );
  ok(main.cpu!.usageNanoCores! >= 0);
  equal(main.memory!.availableBytes, undefined, "it has no limit");
  const steady = (await node.pod("burner"))!;
  const others = summary.pods.find(({ podRef }) => podRef.name === "burner")!.containers!;
  const beside = others.find(({ name }) => name === "beside")!;
  near(beside.memory!.workingSetBytes!, workingSet(node, containerCgroup(steady, "beside")), "working set");
  equal(others[0].memory!.availableBytes! + others[0].memory!.workingSetBytes!, 64 * 2 ** 20);
  ok(main.logs!.usedBytes! > 0 && main.logs!.usedBytes! < 100_000);
  const volumes = new Map(stats!.volume!.map((volume) => [volume.name, volume]));
  near(volumes.get("disk")!.usedBytes!, 3e6, "emptyDir on disk");
  near(volumes.get("memory")!.usedBytes!, 2e6, "emptyDir in memory");
  equal(volumes.get("memory")!.capacityBytes, 8 * 2 ** 20);
  const { usedBytes } = stats!["ephemeral-storage"]!;
  ok(usedBytes! > 3e6 && usedBytes! < 10e6, String(usedBytes));
  equal(stats!.network!.name, "eth0");
  equal(stats!.network!.interfaces!.length, 1);
  ok(stats!.process_stats!.process_count! >= 2);

  const { node: whole } = summary;
  equal(whole.nodeName, node.name);
  ok(whole.cpu!.usageNanoCores! > 1e8, "the burner alone uses a fifth of a core");
  ok(whole.memory!.workingSetBytes! + whole.memory!.availableBytes! > 2e8);
  ok(whole.fs!.capacityBytes! > whole.fs!.usedBytes!);
  ok(whole.runtime!.imageFs!.capacityBytes! > 1e8);
  ok(whole.rlimit!.maxpid! >= whole.rlimit!.curproc!);
  ok(whole.network!.name !== "lo");

  const short: Summary = await json(node, "/stats/summary?only_cpu_and_memory=true");
  const lean = short.pods.find(({ podRef }) => podRef.name === "stored")!;
  ok(lean.cpu && lean.memory && lean.containers![0].cpu);
  deepEqual([lean.volume, lean.network, lean.containers![0].rootfs, short.node.fs], [
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
  equal((await node.api("/stats/summary?only_cpu_and_memory=perhaps")).status, 400);
});

nodeTest("cAdvisor's metrics have kubelet's labels, and the pod's traffic", {}, async (node) => {
  const running = await node.ready("burner");
  const labels = { container: "main", pod: "burner", namespace: "default" };
  const throttled = "container_cpu_cfs_throttled_periods_total";
  const before = await node.until("the burner was held back", async () => {
    const samples = await scrape(node, "/metrics/cadvisor");
    return find(samples, throttled, labels).value > 0 ? samples : undefined;
  });
  const cpu = find(before, "container_cpu_usage_seconds_total", labels);
  equal(cpu.labels.cpu, "total");
  equal(cpu.labels.name, containerId(running, "main"));
  ok(cpu.labels.id.endsWith(`/pod${running.metadata.uid}/${containerId(running, "main")}`));
  ok(cpu.labels.image.includes("busybox"), cpu.labels.image);
  equal(find(before, "container_spec_memory_limit_bytes", labels).value, 64 * 2 ** 20);
  equal(find(before, "container_spec_cpu_quota", labels).value, 20_000);
  equal(find(before, "container_spec_cpu_period", labels).value, 100_000);
  const { shares } = held({ shares: 204, quota: 20_000, period: 100_000, memory: 64 * 2 ** 20 });
  equal(find(before, "container_spec_cpu_shares", labels).value, shares);
  equal(find(before, "container_oom_events_total", labels).value, 0);
  ok(find(before, "container_threads", labels).value >= 1);
  ok(find(before, "machine_memory_bytes").value > 1e8);
  ok(find(before, "container_fs_limit_bytes", { id: "/" }).value > 0);

  const traffic = { pod: "burner", interface: "eth0" };
  const sent = find(before, "container_network_receive_bytes_total", traffic);
  equal(sent.labels.container, "");
  await node.output(running, "ping -c 3 -s 1000 $(ip route | sed -n 's/default via \\([^ ]*\\).*/\\1/p')", "beside");
  const after = await scrape(node, "/metrics/cadvisor");
  const grown = find(after, "container_network_receive_bytes_total", traffic).value - sent.value;
  ok(grown >= 3000 && grown < 30_000, String(grown));
});

nodeTest("kubelet's metrics count pods, calls and requests, and probes say what they found", {}, async (node) => {
  await node.podUntil("stored", "is probed", ({ status }) => status?.containerStatuses?.[0].started);
  const probes = await node.until("both probes have been tried", async () => {
    const samples = await scrape(node, "/metrics/probes");
    return (samples.get("prober_probe_total")?.length ?? 0) >= 2 ? samples : undefined;
  });
  const probe = { container: "main", pod: "stored", namespace: "default" };
  const live = { ...probe, probe_type: "Liveness" };
  ok(find(probes, "prober_probe_total", { ...live, result: "successful" }).value >= 1);
  ok(find(probes, "prober_probe_total", { ...probe, probe_type: "Readiness", result: "failed" }).value >= 1);
  ok(find(probes, "prober_probe_duration_seconds_count", live).value >= 1);

  const samples = await scrape(node, "/metrics");
  equal(find(samples, "kubelet_node_name").labels.node, node.name);
  const ready = (await node.sandboxes()).filter(({ state }) => state === 0).length;
  equal(find(samples, "kubelet_running_pods").value, ready);
  ok(find(samples, "kubelet_running_containers", { container_state: "running" }).value >= 3);
  ok(find(samples, "kubelet_desired_pods", { static: "true" }).value >= 3);
  ok(find(samples, "kubelet_started_pods_total").value >= 2);
  ok(find(samples, "kubelet_started_containers_total", { container_type: "container" }).value >= 3);
  ok(find(samples, "kubelet_pod_start_duration_seconds_count").value >= 2);
  const call = { operation_type: "run_podsandbox" };
  const calls = find(samples, "kubelet_runtime_operations_total", call).value;
  ok(calls >= 2);
  equal(find(samples, "kubelet_runtime_operations_duration_seconds_bucket", { ...call, le: "+Inf" }).value, calls);
  ok(find(samples, "kubelet_pleg_relist_duration_seconds_count").value >= 1);
  ok(
    find(samples, "islet_pod_action_duration_seconds_count", { action: "startContainer", result: "success" }).value >=
      3,
  );
  ok(find(samples, "process_resident_memory_bytes").value > 2e7);
  ok(find(samples, "process_cpu_seconds_total").value > 0);
  const gets = { verb: "GET", resource: "pods", group: "", code: "200" };
  ok(find(samples, "apiserver_request_total", gets).value >= 1);

  const compressed = await node.api("/metrics", {
    headers: { "accept-encoding": "gzip", accept: "application/openmetrics-text" },
  });
  match(compressed.headers.get("content-type")!, /^application\/openmetrics-text/);
  match(await compressed.text(), /\n# EOF\n$/);
});

nodeTest("what a container writes into its own layer is counted, when the runtime has looked", {}, async (node) => {
  let stats: PodStats | undefined;
  let imageFs: FsStats | undefined;
  await node.until("the layer is counted", async () => {
    const { node: whole, pods }: Summary = await json(node, "/stats/summary");
    imageFs = whole.runtime!.imageFs;
    stats = pods.find(({ podRef }) => podRef.name === "stored");
    const { usedBytes = 0 } = stats?.containers?.[0].rootfs ?? {};
    // the runtime adds up its images apart from that
    return usedBytes > 4e6 && imageFs?.usedBytes! > usedBytes;
  }, { timeoutMs: 180_000, everyMs: 1000, tell: () => JSON.stringify([stats, imageFs], null, 1) });
  const { usedBytes, capacityBytes, inodesUsed } = stats!.containers![0].rootfs!;
  ok(usedBytes! < 6e6 && capacityBytes! > 1e8 && inodesUsed! >= 1);
  const all = stats!["ephemeral-storage"]!.usedBytes!;
  ok(all > 7e6 && all < 10e6, String(all));
});

nodeTest("the last hour of node and pods is remembered, as the cgroups had it", {}, async (node) => {
  const running = await node.ready("burner");
  interface Series {
    cpu: (number | null)[];
    memory: (number | null)[];
  }
  const hour = await node.until("there are two points", async () => {
    const answer: { periodSeconds: number; node: Series; pods: Record<string, Series> } = await json(
      node,
      "/islet/v1/usage",
    );
    return answer.pods["default/burner"]?.cpu.at(-1) ? answer : undefined;
  }, { timeoutMs: 100_000, everyMs: 1000 });
  const { cpu, memory } = hour.pods["default/burner"];
  ok(cpu.at(-1)! > 0.01 && cpu.at(-1)! < 0.5, JSON.stringify(cpu));
  near(memory.at(-1)!, workingSet(node, podCgroup(running)), "memory");
  equal(cpu.length, hour.node.cpu.length);
  ok(hour.node.cpu.at(-1)! >= cpu.at(-1)! * 0.9 && hour.node.memory.at(-1)! > memory.at(-1)!);
  equal(hour.periodSeconds, 30);
});
