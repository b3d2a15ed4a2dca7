import assert from "node:assert/strict";
import { loadConfig } from "./load.ts";
import { host, islet, kubelet, load } from "./testing.ts";

const wrong: { name: string; text?: string; args?: string[]; errors: string[] }[] = [
  {
    name: "a soft threshold without a time",
    text: `${kubelet}evictionSoft: { memory.available: 10% }\n`,
    errors: [
      '/etc/islet/node.yaml:3:15: evictionSoft: Invalid value: {"memory.available":"10%"}: grace period must be specified ' +
      "for the soft eviction threshold memory.available",
    ],
  },
  {
    name: "unknown fields, with place and the nearest name",
    text: `${kubelet}staticPodPaht: /x\nauthentication:\n  anonymous: { enable: false }\n`,
    errors: [
      '/etc/islet/node.yaml:3:1: unknown field "staticPodPaht" in KubeletConfiguration (did you mean "staticPodPath"?)',
      '/etc/islet/node.yaml:5:16: unknown field "authentication.anonymous.enable" in KubeletConfiguration ' +
      '(did you mean "authentication.anonymous.enabled"?)',
    ],
  },
  {
    name: "invalid values, with place",
    text: `${kubelet}maxPods: -1\ncrashLoopBackOff:\n  maxContainerRestartPeriod: 10m\n`,
    errors: [
      "/etc/islet/node.yaml:3:10: maxPods: Invalid value: -1: must be greater than or equal to 0",
      '/etc/islet/node.yaml:5:30: crashLoopBackOff.maxContainerRestartPeriod: Invalid value: "10m": ' +
      "must be less than or equal to 5m0s",
    ],
  },
  {
    name: "duplicate keys",
    text: `${kubelet}maxPods: 1\nmaxPods: 2\nsystemReserved: { cpu: 1, cpu: 2 }\n`,
    errors: [
      '/etc/islet/node.yaml:4:1: key "maxPods" already set in map',
      '/etc/islet/node.yaml:5:17: key "cpu" already set in map',
    ],
  },
  {
    name: "a map where a value belongs, and a value where a map belongs",
    text: `${kubelet}maxPods: { a: 1 }\nmemorySwap: LimitedSwap\n`,
    errors: [
      '/etc/islet/node.yaml:3:10: maxPods: Invalid value: {"a":1}: must be an integer',
      "/etc/islet/node.yaml:4:13: memorySwap: Invalid value: must be a map",
    ],
  },
  {
    name: "documents of other kinds",
    text:
      `apiVersion: v1\nkind: Pod\n---\nkind: KubeletConfiguration\n---\napiVersion: v1\nkind: IsletConfiguration\n---\n- 1\n`,
    errors: [
      '/etc/islet/node.yaml:1:1: no kind "Pod" is registered for version "v1"',
      "/etc/islet/node.yaml:4:1: apiVersion: Required value",
      '/etc/islet/node.yaml:6:1: no kind "IsletConfiguration" is registered for version "v1"; ' +
      "IsletConfiguration is known as islet.dev/v1alpha1",
      "/etc/islet/node.yaml:9:1: must be a map with apiVersion and kind",
    ],
  },
  {
    name: "two documents of one kind",
    text: `${islet}---\n${islet}`,
    errors: ["/etc/islet/node.yaml:4:1: a second IsletConfiguration: one file has one document of a kind"],
  },
  {
    name: "two places that differ",
    text: `${kubelet}clusterDNS: [10.0.0.1]\n---\n${islet}network: { clusterDNS: 10.0.0.2 }\n`,
    errors: [
      '/etc/islet/node.yaml:7:24: network.clusterDNS: Invalid value: ["10.0.0.2"]: differs from ' +
      "/etc/islet/node.yaml:3:13: clusterDNS",
    ],
  },
  {
    name: "two flags for one thing that differ",
    args: ["--node-name=a", "--hostname-override=b"],
    errors: ['--hostname-override: Invalid value: "b": differs from --node-name'],
  },
  {
    name: "a control plane, which comes later",
    text: `${islet}controlPlane: { kubeconfig: /etc/islet/kubeconfig }\n`,
    args: ["--bootstrap-kubeconfig=/x"],
    errors: [
      "/etc/islet/node.yaml:3:29: controlPlane.kubeconfig: Forbidden: islet does not join control planes in this " +
      "version; it runs on its own",
      "--bootstrap-kubeconfig: Forbidden: islet does not join control planes in this version; it runs on its own",
    ],
  },
  {
    name: "flags with wrong values",
    args: ["--max-pods=many", "--file-check-frequency=1"],
    errors: [
      '--max-pods: Invalid value: "many": must be an integer',
      '--file-check-frequency: Invalid value: "1": must be a duration, such as 10s or 1m30s',
    ],
  },
  {
    name: "settings that do not go together, at the place of the one at fault",
    text: `${kubelet}maxParallelImagePulls: 3\nshutdownGracePeriod: 5s\nshutdownGracePeriodCriticalPods: 10s\n`,
    args: ["--enforce-node-allocatable=pods,everything"],
    errors: [
      "/etc/islet/node.yaml:3:24: maxParallelImagePulls: Invalid value: 3: cannot be larger than 1 unless " +
      "serializeImagePulls (--serialize-image-pulls) is set to false",
      "/etc/islet/node.yaml:5:34: shutdownGracePeriodCriticalPods: Invalid value: 10000: must not be greater than " +
      "shutdownGracePeriod (5s)",
      '--enforce-node-allocatable: Unsupported value: "everything": supported values: "kube-reserved", ' +
      '"kube-reserved-compressible", "none", "pods", "system-reserved", "system-reserved-compressible"',
    ],
  },
  {
    name: "a file that is no text",
    text: `${kubelet}\0\ufffd\ufffd: [`,
    errors: ["/etc/islet/node.yaml: the file is not UTF-8 text"],
  },
  {
    name: "broken YAML, quoting little of it",
    text: `a: 1\n} ${"b".repeat(1000)}\n`,
    errors: [
      '/etc/islet/node.yaml:2:1: Unexpected flow-map-end token in YAML stream: "}"',
      `/etc/islet/node.yaml:2:3: Unexpected scalar token in YAML stream: "${"b".repeat(159)}…`,
    ],
  },
  {
    name: "CPUs, options and devices that are none",
    text: `${kubelet}reservedSystemCPUs: 3-1\ncpuManagerPolicyOptions: { align-by-socket: "true" }\n---\n` +
      `${islet}extendedResources: { dongle: 1 }\n`,
    errors: [
      '/etc/islet/node.yaml:3:21: reservedSystemCPUs: Invalid value: "3-1": must be a list of CPUs, such as 0-1,6',
      "/etc/islet/node.yaml:4:26: cpuManagerPolicyOptions: Invalid value: " +
      '{"align-by-socket":"true"}: "align-by-socket" is not supported; supported are full-pcpus-only, ' +
      "strict-cpu-reservation",
      '/etc/islet/node.yaml:8:20: extendedResources: Invalid value: {"dongle":1}: "dongle" is not the name of an ' +
      "extended resource, such as example.com/dongle",
    ],
  },
  {
    name: "broken YAML",
    text: `${kubelet}maxPods: [1\n`,
    errors: [
      "/etc/islet/node.yaml:4:1: Flow sequence in block collection must be sufficiently indented and end with a ]",
    ],
  },
  {
    name: "stub domains that are none",
    args: ['--stub-domains={"corp.example": ["10.0.0.300"]}'],
    errors: [
      '--stub-domains: Invalid value: {"corp.example":["10.0.0.300"]}: "corp.example": must be a list of name servers, ' +
      "(e.g. 10.0.0.53, 10.0.0.53:5353 or [fd00::1]:53)",
    ],
  },
  {
    name: "addresses of node ports that are no ranges",
    args: ["--nodeport-addresses=10.0.0.1"],
    errors: [
      '--nodeport-addresses: Invalid value: ["10.0.0.1"]: "10.0.0.1" must be a valid CIDR value, (e.g. 10.9.8.0/24)',
    ],
  },
  {
    name: "the node's primary addresses for node ports, and a range besides",
    args: ["--nodeport-addresses=primary,10.0.0.0/8"],
    errors: [
      '--nodeport-addresses: Invalid value: ["primary","10.0.0.0/8"]: "primary" must be the only one',
    ],
  },
];

for (const { name, text, args, errors } of wrong) {
  Deno.test(`loadConfig() refuses ${name}`, async () => {
    const loaded = await load(text, args);
    assert.deepEqual(loaded.errors, errors);
    assert.equal(loaded.config, undefined);
  });
}

Deno.test("loadConfig() says which file cannot be read", async () => {
  const { errors } = await loadConfig({ file: "/nowhere/node.yaml", host });
  assert.deepEqual(errors, ["Cannot read the configuration /nowhere/node.yaml: no such file"]);
});

Deno.test("loadConfig() refuses a hostname that is no node name", async () => {
  const { errors } = await load(undefined, [], { ...host, hostname: () => "my_box" });
  assert.equal(errors?.length, 1);
  assert.match(errors![0], /^nodeName: Invalid value: "my_box" \(the hostname\): a lowercase RFC 1123 subdomain/);
});
