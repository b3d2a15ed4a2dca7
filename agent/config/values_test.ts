import assert from "node:assert/strict";
import { type Field, fieldsOf, flagName } from "./field.ts";
import { allFields, fieldsByFlag } from "./table.ts";
import { readFlag, readValue } from "./values.ts";

const at = (path: string): Field => allFields.find((field) => field.path === path)!;
const subdomain = /a lowercase RFC 1123 subdomain/;

const fromFile: [path: string, given: unknown, expected: unknown | RegExp][] = [
  ["maxPods", 5, 5],
  ["maxPods", 0, "unset"],
  ["maxPods", null, "unset"],
  ["maxPods", -1, /^Invalid value: -1: must be greater than or equal to 0$/],
  ["maxPods", "5", /^Invalid value: "5": must be an integer$/],
  ["maxPods", 1.5, /must be an integer/],
  ["podPidsLimit", -1, -1],
  ["podPidsLimit", 0, /^Invalid value: 0: must be -1 or greater than 0$/],
  ["podPidsLimit", -2, /greater than or equal to -1/],
  ["failSwapOn", true, true],
  ["failSwapOn", "yes", /^Invalid value: "yes": must be a boolean$/],
  ["fileCheckFrequency", "1m30s", 90_000],
  ["fileCheckFrequency", "0s", "unset"],
  ["fileCheckFrequency", 20, /must be a duration/],
  ["fileCheckFrequency", "-1s", /^Invalid value: "-1s": must be greater than or equal to 0s$/],
  ["crashLoopBackOff.maxContainerRestartPeriod", "10m", /less than or equal to 5m0s/],
  ["crashLoopBackOff.maxContainerRestartPeriod", "500ms", /greater than or equal to 1s/],
  ["cpuCFSQuotaPeriod", "10ms", 10],
  ["cpuCFSQuotaPeriod", "2s", /less than or equal to 1s/],
  ["containerLogMaxSize", "10Mi", 10 * 1024 * 1024],
  ["containerLogMaxSize", "ten", /must be a quantity/],
  ["containerLogMaxSize", "0", /greater than or equal to 1/],
  ["containerLogMaxFiles", 1, /greater than or equal to 2/],
  ["containerLogMonitorInterval", "1s", /greater than or equal to 3s/],
  ["cgroupDriver", "systemd", "systemd"],
  ["cgroupDriver", "", "unset"],
  ["cgroupDriver", "docker", /^Unsupported value: "docker": supported values: "cgroupfs", "systemd"$/],
  ["memorySwap.swapBehavior", "UnlimitedSwap", /supported values: "LimitedSwap", "NoSwap"/],
  ["clusterDNS", ["10.96.0.10", "fd00::a"], ["10.96.0.10", "fd00::a"]],
  ["clusterDNS", ["ten"], /"ten" must be a valid IP address/],
  ["clusterDNS", "10.96.0.10", /must be a list of strings/],
  ["network.clusterDNS", "10.96.0.10", ["10.96.0.10"]],
  ["clusterDomain", "Cluster_Local", subdomain],
  ["resolvConf", "", ""],
  ["podCIDR", "10.244.0.0/24,fd00::/64", "10.244.0.0/24,fd00::/64"],
  ["podCIDR", "10.244.0.0", /must be a valid CIDR value/],
  ["podCIDR", "10.244.0.0/33", /must be a valid CIDR value/],
  ["systemReserved", { cpu: "200m", memory: 1024 }, { cpu: "200m", memory: "1024" }],
  ["systemReserved", { cpu: "-1" }, /must be a map of quantities that are not negative; that of "cpu" is none/],
  ["evictionHard", { "memory.available": "5%" }, { "memory.available": "5%" }],
  [
    "evictionHard",
    { "nodefs.available": "5%", "memory.available": "105%" },
    /percentages; that of "memory.available" is none/,
  ],
  ["evictionHard", { "memory.free": "5%" }, /"memory.free" is no eviction signal; they are memory.available/],
  ["rootDir", "", /must not be empty/],
  ["runDir", "", ""],
  ["runDir", `/run/${"x".repeat(77)}`, `/run/${"x".repeat(77)}`],
  ["runDir", `/run/${"x".repeat(78)}`, /no more than 82 bytes/],
  ["containerRuntimeEndpoint", "unix:///run/x.sock", "unix:///run/x.sock"],
  ["containerRuntimeEndpoint", "grpc-web+unix:///run/x.sock", "grpc-web+unix:///run/x.sock"],
  ["containerRuntimeEndpoint", "/run/x.sock", "/run/x.sock"],
  ["containerRuntimeEndpoint", "tcp://10.0.0.1:1", /only Unix sockets are supported/],
  ["containerRuntimeEndpoint", "x.sock", /must be unix:/],
  ["allowedUnsafeSysctls", ["kernel.msg*", "net.core.somaxconn"], /kernel.msg\*/],
  ["allowedUnsafeSysctls", ["kernel.*", "net/core.somaxconn"], ["kernel.*", "net/core.somaxconn"]],
  ["allowedUnsafeSysctls", ["*"], /neither a sysctl nor a pattern/],
  ["nodeName", "Edge_1", subdomain],
  ["nodeLabels", { "example.com/zone": "a" }, { "example.com/zone": "a" }],
  ["nodeLabels", { "a/b/c": "x" }, /prefix part/],
  ["nodeLabels", { zone: "-" }, /a valid label/],
  ["registerWithTaints", [{ key: "k", effect: "NoSchedule" }], [{ key: "k", effect: "NoSchedule" }]],
  ["registerWithTaints", [{ key: "k", effect: "Never" }], /must be one of NoExecute, NoSchedule, PreferNoSchedule/],
  ["registerWithTaints", [{ key: "k", effect: "NoExecute" }, { key: "k", effect: "NoExecute" }], /duplicated taints/],
  ["registerWithTaints", ["k=v:NoExecute"], /must be a taint/],
  ["shutdownGracePeriodByPodPriority", [{ priority: 0, shutdownGracePeriodSeconds: 5 }], [
    { priority: 0, shutdownGracePeriodSeconds: 5 },
  ]],
  ["shutdownGracePeriodByPodPriority", [{ priority: 0 }], /must be a list of priority/],
  ["staticPodPath", "manifests", "/etc/islet/manifests"],
  ["staticPodPath", "/m", "/m"],
  ["staticPodPath", "", ""],
  ["authentication.webhook.cacheTTL", "0s", "unset"],
  ["logging.flushFrequency", 0, 0],
  ["logging.verbosity", 4, "debug"],
  ["logging.verbosity", 2, "info"],
];

for (const [path, given, expected] of fromFile) {
  Deno.test(`readValue() of ${path}: ${JSON.stringify(given)}`, () => {
    const read = readValue(at(path), given, "/etc/islet") as { value?: unknown; problem?: string };
    if (expected instanceof RegExp) assert.match(read.problem!, expected);
    else if (expected === "unset") assert.deepEqual(read, { unset: true });
    else assert.deepEqual(read, { value: expected });
  });
}

const fromFlag: [flag: string, texts: string[], expected: unknown | RegExp][] = [
  ["max-pods", ["3", "5"], 5],
  ["max-pods", ["many"], /^Invalid value: "many": must be an integer$/],
  ["fail-swap-on", ["false"], false],
  ["fail-swap-on", ["T"], true],
  ["fail-swap-on", ["maybe"], /must be a boolean/],
  ["cluster-dns", ["10.0.0.1,10.0.0.2", "10.0.0.3"], ["10.0.0.1", "10.0.0.2", "10.0.0.3"]],
  ["system-reserved", ["cpu=200m,memory=1Gi"], { cpu: "200m", memory: "1Gi" }],
  ["system-reserved", ["cpu"], /must be key=value/],
  ["eviction-hard", ["memory.available<100Mi,nodefs.available<10%"], {
    "memory.available": "100Mi",
    "nodefs.available": "10%",
  }],
  ["node-labels", ["a=b", "c="], { a: "b", c: "" }],
  ["register-with-taints", ["k=v:NoSchedule,l:NoExecute"], [
    { key: "k", value: "v", effect: "NoSchedule" },
    { key: "l", effect: "NoExecute" },
  ]],
  ["register-with-taints", ["nonsense"], /must be a taint/],
  ["shutdown-grace-period-by-pod-priority", ['[{"priority":1,"shutdownGracePeriodSeconds":2}]'], [
    { priority: 1, shutdownGracePeriodSeconds: 2 },
  ]],
  ["shutdown-grace-period-by-pod-priority", ["{"], /must be JSON/],
  ["feature-gates", ["A=true,B=false"], { A: true, B: false }],
  ["feature-gates", ["A=perhaps"], /must be a map of booleans/],
  ["tls-curve-preferences", ["23,24"], [23, 24]],
  ["vmodule", ["probe=4"], "probe=4"],
];

for (const [flag, texts, expected] of fromFlag) {
  Deno.test(`readFlag() of --${flag}: ${texts.join(" ")}`, () => {
    const read = readFlag(fieldsByFlag().get(flag)!, texts) as { value?: unknown; problem?: string };
    if (expected instanceof RegExp) assert.match(read.problem!, expected);
    else assert.deepEqual(read, { value: expected });
  });
}

Deno.test("flagName() derives kubelet's way of writing flags", () => {
  assert.equal(flagName("cpuCFSQuotaPeriod"), "cpu-cfs-quota-period");
  assert.equal(flagName("clusterDNS"), "cluster-dns");
  assert.equal(flagName("api.socket"), "api-socket");
  assert.deepEqual(fieldsOf("IsletConfiguration")("rootDir", "path").flags, ["root-dir"]);
});
