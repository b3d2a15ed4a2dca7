import assert from "node:assert/strict";
import { changes } from "./changes.ts";
import { judge } from "./judge.ts";
import type { Machine } from "./machine.ts";

const gibibyte = 2 ** 30;

/** A machine that lacks nothing. */
const machine: Machine = {
  uid: 0,
  kernel: "6.1.0-18-amd64",
  capabilities: (1n << 41n) - 1n,
  programs: {
    containerd: "1.6.20",
    runc: "1.1.5",
    ctr: "1.6.20",
    nft: "1.0.6",
    ip: "6.1.0",
    iptables: "1.8.9",
    mount: "2.38.1",
    "systemd-run": "252",
  },
  cni: { binDir: "/usr/lib/cni", portmap: true, confDir: "/var/lib/islet/cni/net.d", foreign: [] },
  cgroups: { version: 2, controllers: ["cpuset", "cpu", "io", "memory", "pids"] },
  filesystems: ["ext4", "overlay"],
  nftError: "",
  fib: true,
  sctp: true,
  swapBytes: 0,
  ipForward: true,
  disk: { path: "/var/lib", bytes: 20 * gibibyte, freeBytes: 10 * gibibyte, inodes: 1e6, freeInodes: 9e5 },
  systemd: true,
  resolvConf: true,
  kubelets: [],
  nodeAnswers: false,
  runtime: { state: "absent", endpoint: "unix:///run/islet/containerd.sock" },
};

const config = {
  failSwapOn: false,
  failCgroupV1: false,
  rootDir: "/var/lib/islet",
  resolvConf: "/etc/resolv.conf",
  cgroupRoot: "/",
  serviceProxy: {},
  runtime: { mode: "managed" as "managed" | "external" },
};
const external = { ...config, runtime: { mode: "external" as const } };
const endpoint = "unix:///run/containerd/containerd.sock";
const answering = {
  state: "answers" as const,
  endpoint,
  name: "containerd",
  version: "1.6.20",
  unready: [],
  foreign: [],
};

Deno.test("a machine that lacks nothing is told so of everything", () => {
  const findings = judge(machine, config);
  assert.ok(findings.length > 12);
  assert.deepEqual(findings.filter(({ level }) => level !== "ok"), []);
});

const without = (...names: (keyof Machine["programs"])[]) => ({
  programs: { ...machine.programs, ...Object.fromEntries(names.map((name) => [name, undefined])) },
});

const cases: [
  what: string,
  machine: Partial<Machine>,
  config: typeof config | typeof external,
  level: string,
  finding: RegExp,
][] = [
  ["another user", { uid: 1000 }, config, "fail", /^root: .*sudo islet check$/],
  ["no right to mount", { capabilities: 0n }, config, "fail", /^root: without CAP_SYS_ADMIN and CAP_NET_ADMIN/],
  [
    "no CAP_SYS_RESOURCE",
    { capabilities: machine.capabilities & ~(1n << 24n) },
    config,
    "warn",
    /^CAP_SYS_RESOURCE: not there/,
  ],
  ["no containerd", without("containerd"), config, "fail", /^containerd: not found.*apt-get install containerd$/],
  [
    "an old containerd",
    { programs: { ...machine.programs, containerd: "1.4.13" } },
    config,
    "fail",
    /^containerd: 1\.4\.13 is too old/,
  ],
  ["no runc", without("runc"), config, "fail", /^runc: not found.*apt-get install runc$/],
  ["no nft", without("nft"), config, "fail", /^nft: not found.*apt-get install nftables$/],
  ["no ip", without("ip"), config, "warn", /^ip: not found: lets pods reach the API.*apt-get install iproute2$/],
  ["no nft beside an external runtime", without("nft"), external, "warn", /^nft: .*apt-get install nftables$/],
  ["no iptables", without("iptables"), config, "warn", /^iptables: .*apt-get install iptables$/],
  [
    "no CNI plugins",
    { cni: { ...machine.cni, binDir: undefined } },
    config,
    "fail",
    /apt-get install containernetworking-plugins$/,
  ],
  ["no portmap", { cni: { ...machine.cni, portmap: false } }, config, "warn", /hostPorts do not work/],
  [
    "an old nft",
    { programs: { ...machine.programs, nft: "1.0.2" } },
    config,
    "warn",
    /^Services: nft 1\.0\.2 is older/,
  ],
  ["a kernel too old for Services", { kernel: "5.10.0" }, config, "warn", /^Services: kernel 5\.10\.0 is older/],
  [
    "pods on a bridge that passes no rules",
    { cni: { ...machine.cni, bridge: { file: "/b.conf", hairpin: true, missing: ["bridge-nf-call-iptables"] } } },
    config,
    "warn",
    /^Services: pods are on a bridge.*net\.bridge\.bridge-nf-call-iptables=1$/,
  ],
  [
    "pods on a bridge that sends nothing back",
    { cni: { ...machine.cni, bridge: { file: "/b.conf", hairpin: false, missing: [] } } },
    config,
    "warn",
    /^Services: .*"hairpinMode": true in \/b\.conf$/,
  ],
  ["no fib", { fib: false }, config, "warn", /^Services: without nft_fib/],
  [
    "rules that nft refuses",
    { nftError: "Operation not supported" },
    config,
    "fail",
    /^nftables: Operation not supported.*modprobe/,
  ],
  [
    "no forwarding with a foreign network",
    { ipForward: false, cni: { ...machine.cni, foreign: ["10-x.conf"] } },
    config,
    "warn",
    /sysctl -w net\.ipv4\.ip_forward=1$/,
  ],
  ["an old kernel", { kernel: "5.4.0" }, config, "fail", /^kernel: 5\.4\.0 has no openat2/],
  ["no overlayfs", { filesystems: ["ext4"] }, config, "warn", /modprobe overlay$/],
  ["no cgroups", { cgroups: undefined }, config, "fail", /^cgroups: none are mounted/],
  [
    "no memory controller",
    { cgroups: { version: 2, controllers: ["cpu", "pids"] } },
    config,
    "fail",
    /without memory.*cgroup_enable=memory/,
  ],
  [
    "cgroup v1 that is refused",
    { cgroups: { version: 1, controllers: ["cpu", "memory", "pids"] } },
    { ...config, failCgroupV1: true },
    "fail",
    /failCgroupV1/,
  ],
  ["swap", { swapBytes: gibibyte }, config, "warn", /^swap: 1024 MiB.*swapoff -a$/],
  ["swap that is refused", { swapBytes: gibibyte }, { ...config, failSwapOn: true }, "fail", /failSwapOn/],
  ["a full disk", { disk: { ...machine.disk!, freeBytes: 1e6 } }, config, "fail", /^disk: 1 MiB free/],
  ["a disk that fills up", { disk: { ...machine.disk!, freeBytes: gibibyte } }, config, "warn", /^disk: 1024 MiB free/],
  ["few inodes", { disk: { ...machine.disk!, freeInodes: 10 } }, config, "warn", /10 inodes free/],
  ["no resolv.conf", { resolvConf: false }, config, "warn", /^DNS: /],
  ["another kubelet's process", { kubelets: [42] }, config, "fail", /^kubelet: runs as process 42/],
  [
    "another kubelet's pods",
    { runtime: { ...answering, foreign: ["kube-system/dns"] } },
    external,
    "fail",
    /^other pods: 1 of another kubelet.*kube-system\/dns/,
  ],
  [
    "an external runtime that is silent",
    { runtime: { state: "silent", endpoint, error: "refused" } },
    external,
    "fail",
    /^container runtime: no answer at/,
  ],
  [
    "a managed runtime that is down",
    { runtime: { state: "silent", endpoint, error: "refused" } },
    config,
    "warn",
    /islet run starts it/,
  ],
  [
    "an external runtime without a network",
    { runtime: { ...answering, unready: [{ type: "NetworkReady", message: "cni" }] } },
    external,
    "fail",
    /^NetworkReady: cni.*\/etc\/cni\/net\.d$/,
  ],
];
for (const [what, lacks, with_, level, finding] of cases) {
  Deno.test(`${what} is a ${level}`, () => {
    const bad = judge({ ...machine, ...lacks }, with_).filter(({ level }) => level !== "ok");
    const text = bad.map(({ level, what, found, mend = "" }) => `${level} ${what}: ${found} ${mend}`.trim());
    assert.ok(
      text.some((line) => line.startsWith(level) && finding.test(line.slice(level.length + 1))),
      `no ${level} ${finding} among\n${text.join("\n")}`,
    );
  });
}

Deno.test("an external runtime needs no programs of islet's own", () => {
  const bare = {
    ...machine,
    ...without("containerd", "runc", "ctr", "nft", "iptables", "systemd-run"),
    runtime: answering,
  };
  assert.deepEqual(judge(bare, external).filter(({ level }) => level === "fail"), []);
});

Deno.test("what islet sets names its network only where that is its own", () => {
  const where = {
    ...config,
    runDir: "/run/islet",
    podLogsDir: "/l",
    podCIDRs: ["10.244.0.0/24"],
    serviceCIDRs: ["10.96.0.0/16"],
    dnsAddresses: ["10.96.0.10"],
    serviceProxy: {
      localhostNodePorts: true,
      conntrack: { max: 4096, tcpEstablishedSeconds: 0, tcpCloseWaitSeconds: 0, udpSeconds: 0, udpStreamSeconds: 0 },
    },
    api: { socket: "/s", address: "127.0.0.1", port: 6550 },
    kubelet: { enabled: true, address: "0.0.0.0", port: 10250 },
    cgroupDriver: "cgroupfs" as const,
  };
  const own = changes({ ...where, shutdown: { totalSeconds: 30, criticalSeconds: 10 } }, machine).join("\n");
  for (
    const each of [
      "90-islet.conflist",
      "net.ipv4.ip_forward=1",
      "table ip islet-cni",
      "/kubepods",
      "address 10.96.0.1 on lo",
      "address 10.96.0.10 on lo, port 53",
      "table ip islet-proxy",
      "route 10.96.0.0/16 dev lo",
      "route_localnet=1",
      "99-islet.conf: a shutdown waits 30 s",
      "net.netfilter.nf_conntrack_max=4096",
      "0.0.0.0 port 10250",
    ]
  ) {
    assert.ok(own.includes(each), each);
  }
  assert.doesNotMatch(changes({ ...where, serviceProxy: undefined }, machine).join("\n"), /islet-proxy|route/);
  const foreign = changes(where, { cni: { ...machine.cni, foreign: ["10-x.conflist"] } }).join("\n");
  assert.doesNotMatch(foreign, /islet-cni|ip_forward|conflist/);
});
