import assert from "node:assert/strict";
import { ProbeTally } from "../probes/mod.ts";
import { Exposition, type ExpositionFormat } from "../telemetry/exposition.ts";
import { cpuTopology } from "./cadvisor/machine.ts";
import { writeCadvisorMetrics } from "./cadvisor/mod.ts";
import { KubeletMetrics, operationName } from "./kubelet_metrics.ts";
import { writeKubeletState } from "./kubelet_state.ts";
import { writeProbeMetrics } from "./probe_metrics.ts";
import { writeProcessMetrics } from "./process_metrics.ts";
import { writeResourceMetrics } from "./resource_metrics.ts";
import { observedWeb, podCgroupPath, usageNode, webPod } from "./testing.ts";

function written(write: (out: Exposition) => void, format: ExpositionFormat = "text"): string {
  const out = new Exposition(format);
  write(out);
  return out.text();
}

/** The samples of a family, without what describes it. */
function samples(text: string, name: string): string[] {
  return text.split("\n").filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
}

/** That a page is one that a parser takes: each family described once, before its samples, which stand together. */
function checkPage(text: string): void {
  const seen = new Set<string>();
  let family = "";
  for (const line of text.trimEnd().split("\n")) {
    const described = /^# HELP (\S+) /.exec(line)?.[1];
    if (described) {
      assert.ok(!seen.has(described), `${described} is there twice`);
      seen.add(family = described);
    } else if (!line.startsWith("#")) {
      const name = /^[a-z_:][a-z0-9_:]*/i.exec(line)![0];
      assert.ok(
        [family, `${family}_bucket`, `${family}_sum`, `${family}_count`].includes(name),
        `${name} in ${family}`,
      );
      assert.match(line, /^[a-z_:]\w*(\{(\w+="(?:[^"\\\n]|\\.)*",?)+\})? [-+.\deINfa]+( \d+)?$/i);
    }
  }
}

Deno.test("the page of resource metrics is kubelet's, name by name", () => {
  const { usage, clock } = usageNode();
  const text = written((out) => writeResourceMetrics(out, usage, clock.now()));
  checkPage(text);
  const at = Date.UTC(2026, 0, 1);
  assert.deepEqual(text.split("\n").filter((line) => !line.startsWith("#")), [
    `container_cpu_usage_seconds_total{container="main",namespace="default",pod="web"} 1 ${at}`,
    `container_memory_working_set_bytes{container="main",namespace="default",pod="web"} 160000 ${at}`,
    `container_start_time_seconds{container="main",namespace="default",pod="web"} ${
      Date.UTC(2025, 11, 31, 23, 59) / 1000
    }`,
    `container_swap_usage_bytes{container="main",namespace="default",pod="web"} 0 ${at}`,
    `node_cpu_usage_seconds_total 60 ${at}`,
    `node_memory_working_set_bytes 900000 ${at}`,
    `node_swap_usage_bytes 40960 ${at}`,
    `pod_cpu_usage_seconds_total{namespace="default",pod="web"} 1.5 ${at}`,
    `pod_memory_working_set_bytes{namespace="default",pod="web"} 250000 ${at}`,
    `pod_swap_usage_bytes{namespace="default",pod="web"} 0 ${at}`,
    "resource_scrape_error 0",
    "",
  ]);
});

Deno.test("a node whose pods cannot be looked at says so in resource_scrape_error", () => {
  const { usage } = usageNode();
  const pods = () => {
    throw new Error("no store");
  };
  const text = written((out) => writeResourceMetrics(out, { machine: () => usage.machine(), pods }, 0));
  assert.match(text, /^resource_scrape_error 1$/m);
  assert.match(text, /^node_cpu_usage_seconds_total 60 0$/m);
});

function cadvisor(version: 1 | 2, format: ExpositionFormat = "text"): string {
  const { usage, clock, options, proc } = usageNode(version);
  proc["/sys/dev/block/8:0/uevent"] = "MAJOR=8\nMINOR=0\nDEVNAME=sda\n";
  proc["/proc/cpuinfo"] = [0, 1, 2, 3].map((cpu) => `processor\t: ${cpu}\nphysical id\t: 0\ncore id\t\t: ${cpu % 2}\n`)
    .join("\n");
  const filesystem = { capacityBytes: 1000, availableBytes: 300, usedBytes: 600, inodes: 50, inodesFree: 20 };
  return written((out) =>
    writeCadvisorMetrics(out, {
      cgroups: options.cgroups,
      cgroupPaths: options.cgroupPaths,
      targets: usage.targets(),
      machine: usage.machine(),
      identity: {
        bootID: "b",
        machineID: "m",
        systemUUID: "s",
        kernelVersion: "6.1",
        osImage: "Debian",
        version: "v1",
      },
      bootTimeMs: 5000,
      interfaces: usage.nodeInterfaces(),
      filesystems: [{ device: "/dev/sda1", usage: filesystem }],
      sandboxImage: "pause:1",
      read: (path) => proc[path],
      now: () => clock.now(),
    }), format);
}

const at = Date.UTC(2026, 0, 1);
const rows = {
  root: 'container="",id="/",image="",name="",namespace="",pod=""',
  classOf: 'container="",id="/kubepods/besteffort",image="",name="",namespace="",pod=""',
  pod: `container="",id="${podCgroupPath}",image="",name="",namespace="default",pod="web"`,
  sandbox: `container="",id="${podCgroupPath}/s1",image="pause:1",name="s1",namespace="default",pod="web"`,
  main: `container="main",id="${podCgroupPath}/c1",image="web:1",name="c1",namespace="default",pod="web"`,
};

Deno.test("the page of cAdvisor has node, classes, pod, sandbox and container, each under its labels", () => {
  const text = cadvisor(1);
  checkPage(text);
  const of = (name: string) => samples(text, name);
  assert.deepEqual(of("container_cpu_usage_seconds_total"), [
    `container_cpu_usage_seconds_total{cpu="total",${rows.root}} 60 ${at}`,
    `container_cpu_usage_seconds_total{cpu="total",${rows.classOf.replace("/besteffort", "")}} 3 ${at}`,
    `container_cpu_usage_seconds_total{cpu="total",${rows.classOf}} 2 ${at}`,
    `container_cpu_usage_seconds_total{cpu="total",${rows.pod}} 1.5 ${at}`,
    `container_cpu_usage_seconds_total{cpu="total",${rows.main}} 1 ${at}`,
  ]);
  assert.deepEqual(of("container_network_receive_bytes_total"), [
    `container_network_receive_bytes_total{interface="eth0",${rows.root}} 1000 ${at}`,
    `container_network_receive_bytes_total{interface="eth0",${rows.sandbox}} 111 ${at}`,
  ]);
  assert.ok(
    of("container_memory_working_set_bytes").includes(`container_memory_working_set_bytes{${rows.main}} 160000 ${at}`),
  );
  assert.deepEqual(of("container_oom_events_total"), [`container_oom_events_total{${rows.main}} 1 ${at}`]);
  assert.deepEqual(of("container_spec_memory_limit_bytes").filter((line) => line.includes(rows.main)), [
    `container_spec_memory_limit_bytes{${rows.main}} 400000 ${at}`,
  ]);
  assert.deepEqual(of("container_processes"), [`container_processes{${rows.main}} 2 ${at}`]);
  assert.ok(
    of("container_fs_writes_bytes_total").includes(
      `container_fs_writes_bytes_total{device="/dev/sda",${rows.main}} 8192 ${at}`,
    ),
  );
  assert.deepEqual(of("container_fs_usage_bytes"), [
    `container_fs_usage_bytes{device="/dev/sda1",${rows.root}} 600 ${at}`,
  ]);
  assert.deepEqual(of("container_cpu_cfs_periods_total"), [], "without a quota there are no periods");
  assert.deepEqual(of("container_pressure_cpu_waiting_seconds_total"), []);
  const machine = 'boot_id="b",machine_id="m",system_uuid="s"';
  assert.deepEqual(of("machine_cpu_cores"), [`machine_cpu_cores{${machine}} 4`]);
  assert.deepEqual(of("machine_cpu_physical_cores"), [`machine_cpu_physical_cores{${machine}} 2`]);
  assert.deepEqual(of("machine_memory_bytes"), [`machine_memory_bytes{${machine}} 2048000`]);
});

Deno.test("the page of cAdvisor on v2 tells throttling and pressure as well", () => {
  const text = cadvisor(2);
  checkPage(text);
  const of = (name: string) => samples(text, name).filter((line) => line.includes(rows.main));
  assert.deepEqual(of("container_cpu_cfs_throttled_seconds_total"), [
    `container_cpu_cfs_throttled_seconds_total{${rows.main}} 0.5 ${at}`,
  ]);
  assert.deepEqual(of("container_spec_cpu_quota"), [`container_spec_cpu_quota{${rows.main}} 20000 ${at}`]);
  assert.deepEqual(of("container_pressure_cpu_waiting_seconds_total"), [
    `container_pressure_cpu_waiting_seconds_total{${rows.main}} 4 ${at}`,
  ]);
  assert.deepEqual(of("container_memory_max_usage_bytes"), [
    `container_memory_max_usage_bytes{${rows.main}} 400000 ${at}`,
  ]);
});

Deno.test("the page of cAdvisor as OpenMetrics counts time in seconds and ends", () => {
  const text = cadvisor(1, "openmetrics");
  assert.match(text, /^# TYPE container_cpu_usage_seconds counter$/m);
  assert.ok(text.includes(`{cpu="total",${rows.main}} 1 ${at / 1000}\n`));
  assert.ok(text.endsWith("\n# EOF\n"));
});

Deno.test("a machine that does not tell of sockets has one, and a core a thread", () => {
  assert.deepEqual(cpuTopology(() => "processor\t: 0\nprocessor\t: 1\n"), { threads: 2, cores: 2, sockets: 1 });
  assert.deepEqual(cpuTopology(() => undefined), { threads: 1, cores: 1, sockets: 1 });
});

const names: [method: string, operation: string][] = [
  ["runPodSandbox", "run_podsandbox"],
  ["listPodSandboxStats", "list_podsandbox_stats"],
  ["execSync", "exec_sync"],
  ["imageFsInfo", "image_fs_info"],
  ["version", "version"],
];
for (const [method, operation] of names) {
  Deno.test(`${method} is counted as ${operation}`, () => assert.equal(operationName(method), operation));
}

Deno.test("runtime calls are counted by operation, and what they start by its type", () => {
  const kubelet = new KubeletMetrics();
  kubelet.runtimeCall({ method: "runPodSandbox", request: {}, ms: 200 });
  kubelet.runtimeCall({ method: "runPodSandbox", request: {}, ms: 20, error: new Error("no network") });
  for (const type of ["init", "container", "ephemeral", "container"]) {
    const request = { config: { annotations: { "io.kubernetes.container.type": type } } };
    kubelet.runtimeCall({ method: "createContainer", request, ms: 80 });
  }
  kubelet.runtimeCall({
    method: "startContainer",
    request: { containerId: "x" },
    ms: 5,
    error: new Error("no program"),
  });
  const text = written((out) => kubelet.metrics.write(out));
  checkPage(text);
  for (
    const line of [
      'kubelet_runtime_operations_total{operation_type="run_podsandbox"} 2',
      'kubelet_runtime_operations_errors_total{operation_type="run_podsandbox"} 1',
      'kubelet_runtime_operations_duration_seconds_bucket{operation_type="run_podsandbox",le="0.03125"} 1',
      'kubelet_runtime_operations_duration_seconds_count{operation_type="run_podsandbox"} 2',
      "kubelet_started_pods_total 2",
      "kubelet_started_pods_errors_total 1",
      'kubelet_started_containers_total{container_type="container"} 2',
      'kubelet_started_containers_total{container_type="init_container"} 1',
      'kubelet_started_containers_total{container_type="ephemeral_container"} 1',
      'kubelet_started_containers_errors_total{container_type="container",code="RunContainerError"} 1',
    ]
  ) assert.ok(text.includes(`\n${line}\n`), line);
});

Deno.test("relists, workers' steps and pods that begin to run are counted", () => {
  const kubelet = new KubeletMetrics();
  kubelet.relisted(1000, 30);
  kubelet.relisted(11_000, 10);
  kubelet.podAction("createSandbox", 400, false);
  kubelet.podAction("startContainer", 90, true);
  const made = { ...webPod, metadata: { ...webPod.metadata, creationTimestamp: "2026-01-01T00:00:00Z" } };
  const pending = { ...made, status: { phase: "Pending" } } as typeof made;
  const now = Date.UTC(2026, 0, 1, 0, 0, 3);
  kubelet.podChanged(made, pending, now);
  kubelet.podChanged(made, made, now);
  kubelet.podChanged(pending, pending, now);
  const text = written((out) => kubelet.metrics.write(out));
  for (
    const line of [
      "kubelet_pleg_relist_duration_seconds_count 2",
      "kubelet_pleg_relist_interval_seconds_sum 10",
      "kubelet_pleg_relist_interval_seconds_count 1",
      'kubelet_pod_worker_duration_seconds_count{operation_type="create"} 1',
      'islet_pod_action_duration_seconds_count{action="startContainer",result="error"} 1',
      'kubelet_pod_start_duration_seconds_bucket{le="2"} 0',
      'kubelet_pod_start_duration_seconds_bucket{le="3"} 1',
      "kubelet_pod_start_duration_seconds_count 1",
    ]
  ) assert.ok(text.includes(`\n${line}\n`), `${line}\n${text}`);
});

Deno.test("kubelet's state is what the store and the runtime show now", () => {
  const failed = {
    ...webPod,
    metadata: { ...webPod.metadata, uid: "u2" },
    status: { phase: "Failed" },
  } as typeof webPod;
  const text = written((out) =>
    writeKubeletState(out, {
      nodeName: "edge-1",
      version: "v1.36.0",
      cgroupVersion: 2,
      pods: [webPod, failed],
      isStatic: (pod) => pod === webPod,
      observed: [observedWeb(), observedWeb({ sandboxes: [], containers: [] })],
      runtimeAvailable: true,
      runtimeLoad: { running: 3, waiting: 1 },
      certificateEnds: 90_500,
      now: 500,
      claimedVolumes: [{
        claim: { namespace: "default", name: "claim-1" },
        usage: { capacityBytes: 100, availableBytes: 30, usedBytes: 60, inodes: 10, inodesFree: 4 },
      }],
    })
  );
  checkPage(text);
  const claim = 'namespace="default",persistentvolumeclaim="claim-1"';
  for (
    const line of [
      'kubelet_node_name{node="edge-1"} 1',
      "kubelet_cgroup_version 2",
      "kubelet_running_pods 1",
      'kubelet_running_containers{container_state="running"} 1',
      'kubelet_desired_pods{static="true"} 1',
      'kubelet_desired_pods{static=""} 1',
      'kubelet_active_pods{static="true"} 1',
      `kubelet_volume_stats_available_bytes{${claim}} 30`,
      `kubelet_volume_stats_inodes_used{${claim}} 6`,
      'volume_manager_total_volumes{plugin_name="kubernetes.io/empty-dir",state="desired_state_of_world"} 2',
      'volume_manager_total_volumes{plugin_name="kubernetes.io/empty-dir",state="actual_state_of_world"} 1',
      "kubelet_certificate_manager_server_ttl_seconds 90",
      "islet_runtime_available 1",
      'islet_runtime_calls{state="waiting"} 1',
    ]
  ) assert.ok(text.includes(`\n${line}\n`), line);
  assert.ok(!text.includes('kubelet_active_pods{static=""}'));
});

Deno.test("probes are told by container, type and result; one that was not tried yet has no series", () => {
  const tally = new ProbeTally();
  tally.add("success", 12);
  tally.add("warning", 4);
  tally.add("failure", 3000);
  const probe = { namespace: "default", pod: "web", podUid: "u", container: "main" };
  const text = written((out) =>
    writeProbeMetrics(out, [
      { ...probe, type: "liveness", tally },
      { ...probe, type: "startup", tally: new ProbeTally() },
    ])
  );
  checkPage(text);
  const labels = 'container="main",namespace="default",pod="web",probe_type="Liveness"';
  assert.deepEqual(samples(text, "prober_probe_total"), [
    `prober_probe_total{${labels},pod_uid="u",result="successful"} 2`,
    `prober_probe_total{${labels},pod_uid="u",result="failed"} 1`,
  ]);
  assert.ok(text.includes(`\nprober_probe_duration_seconds_bucket{${labels},le="0.025"} 2\n`));
  assert.ok(text.includes(`\nprober_probe_duration_seconds_count{${labels}} 3\n`));
  assert.ok(text.includes(`\nprober_probe_duration_seconds_sum{${labels}} 3.016\n`));
  assert.equal(written((out) => writeProbeMetrics(out, [])), "");
});

Deno.test("this process tells what it uses itself", () => {
  const read = (path: string) => Deno.readTextFileSync(path);
  const text = written((out) => writeProcessMetrics(out, read));
  checkPage(text);
  const value = (name: string) => Number(samples(text, name)[0]?.split(" ")[1]);
  assert.ok(value("process_cpu_seconds_total") > 0);
  const resident = value("process_resident_memory_bytes");
  assert.ok(resident > 1e7 && resident < value("process_virtual_memory_bytes"));
  assert.ok(value("process_open_fds") >= 3 && value("process_open_fds") <= value("process_max_fds"));
  const age = Date.now() / 1000 - value("process_start_time_seconds");
  assert.ok(age > -2 && age < 3600, `${age} s old`);
});
