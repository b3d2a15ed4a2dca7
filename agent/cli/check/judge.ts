/** What a machine lacks to be a node, with the command that mends it. Pure: facts in, findings out. */
import { isOlder, oldest } from "../../../net/nft/probe.ts";
import type { NodeConfig } from "../../config/mod.ts";
import type { Machine, Program } from "./machine.ts";

export interface Finding {
  /** fail: pods cannot run like this. */
  level: "ok" | "warn" | "fail";
  what: string;
  found: string;
  /** A command, or what to change. */
  mend?: string;
}

type JudgedConfig = Pick<NodeConfig, "failSwapOn" | "failCgroupV1" | "rootDir" | "resolvConf" | "cgroupRoot"> & {
  runtime: Pick<NodeConfig["runtime"], "mode">;
  serviceProxy?: unknown;
};

const mebibyte = 2 ** 20;
const capabilities = { CAP_NET_ADMIN: 12, CAP_SYS_ADMIN: 21, CAP_SYS_RESOURCE: 24 } as const;

export function judge(machine: Machine, config: JudgedConfig): Finding[] {
  const managed = config.runtime.mode === "managed";
  return [
    ...rights(machine),
    ...programs(machine, managed),
    ...(managed ? network(machine) : []),
    ...(config.serviceProxy ? services(machine) : []),
    ...kernel(machine, config),
    ...machineState(machine, config),
    ...runtime(machine, managed, config.cgroupRoot),
  ];
}

function rights({ uid, capabilities: held }: Machine): Finding[] {
  const has = (name: keyof typeof capabilities) => (held >> BigInt(capabilities[name])) & 1n;
  if (uid !== 0) return [fail("root", "this is another user", "sudo islet check")];
  const missing = (["CAP_SYS_ADMIN", "CAP_NET_ADMIN"] as const).filter((name) => !has(name));
  return [
    missing.length > 0
      ? fail(
        "root",
        `without ${missing.join(" and ")}`,
        "run islet outside of this container, or give it these capabilities",
      )
      : ok("root", "with the capabilities that mounts and networks need"),
    has("CAP_SYS_RESOURCE") ? ok("CAP_SYS_RESOURCE", "there") : warn(
      "CAP_SYS_RESOURCE",
      "not there: oom_score_adj cannot be lowered, so that important pods are not spared when memory runs out; " +
        "the managed containerd is told so (restrict_oom_score_adj), an external one must be",
    ),
  ];
}

/** The Debian package of each program; those that a managed runtime alone needs. */
const packages: Record<Program, { name: string; managed: boolean; why: string }> = {
  containerd: { name: "containerd", managed: true, why: "runs containers" },
  runc: { name: "runc", managed: true, why: "starts them" },
  ctr: { name: "containerd", managed: true, why: "imports images from archives" },
  nft: { name: "nftables", managed: false, why: "lets pods reach the outside, and the API" },
  ip: { name: "iproute2", managed: false, why: "lets pods reach the API" },
  iptables: { name: "iptables", managed: true, why: "CNI's portmap needs it for hostPorts" },
  mount: { name: "mount", managed: false, why: "volumes" },
  "systemd-run": { name: "systemd", managed: true, why: "gives containerd a unit of its own" },
};

function programs({ programs, cni, systemd }: Machine, managed: boolean): Finding[] {
  const wanted = (Object.keys(packages) as Program[]).filter((name) =>
    (managed || !packages[name].managed) && (name !== "systemd-run" || systemd)
  );
  const found = wanted.map((name): Finding => {
    const { name: debian, why } = packages[name];
    const version = programs[name];
    if (version !== undefined) return tooOld(name, version) ?? ok(name, version || "there");
    const dispensable = name === "iptables" || name === "ip" || name === "nft" && !managed;
    const judged = dispensable ? warn : fail;
    return judged(name, `not found: ${why}`, `apt-get install ${debian}`);
  });
  if (!managed) return found;
  const plugins = "apt-get install containernetworking-plugins";
  found.push(
    cni.binDir === undefined
      ? fail(
        "CNI plugins",
        "ptp, host-local and loopback not found in /usr/lib/cni, /opt/cni/bin, /usr/libexec/cni",
        plugins,
      )
      : cni.portmap
      ? ok("CNI plugins", cni.binDir)
      : warn("CNI plugins", `${cni.binDir} has no portmap: hostPorts do not work`, plugins),
  );
  return found;
}

function tooOld(name: Program, version: string): Finding | undefined {
  const [major, minor = 0] = version.split(".").map(Number);
  if (name !== "containerd" || major > 1 || (major === 1 && minor >= 6)) return undefined;
  return fail(name, `${version} is too old: it does not speak CRI v1`, "install containerd 1.6 or newer");
}

function network({ cni, nftError, programs, ipForward }: Machine): Finding[] {
  const ours = cni.foreign.length === 0;
  return [
    ours
      ? ok("pod network", "islet's own (ptp)")
      : ok("pod network", `as configured in ${cni.confDir}: ${cni.foreign.join(", ")}`),
    ...(ours && programs.nft !== undefined
      ? [
        nftError === ""
          ? ok("nftables", "takes islet's rules")
          : fail("nftables", nftError, "modprobe nf_tables nft_masq nft_chain_nat"),
      ]
      : []),
    ipForward
      ? ok("ip_forward", "1")
      : ours
      ? ok("ip_forward", "0; islet sets it when it starts")
      : warn("ip_forward", "0: pods reach nothing beyond this machine", "sysctl -w net.ipv4.ip_forward=1"),
  ];
}

/** What the service proxy needs of the machine. */
function services({ kernel, programs: { nft }, fib, sctp, cni: { bridge } }: Machine): Finding[] {
  const found: Finding[] = [];
  if (bridge && bridge.missing.length > 0) {
    const what = `pods are on a bridge (${bridge.file}) whose packets pass no rules; islet run tries to set that`;
    const mend = `modprobe br_netfilter; sysctl -w ${bridge.missing.map((name) => `net.bridge.${name}=1`).join(" ")}`;
    found.push(warn("Services", what, mend));
  }
  if (bridge && !bridge.hairpin) {
    const what = "the pods' bridge sends nothing back: a pod cannot reach itself by its Service";
    found.push(warn("Services", what, `set "hairpinMode": true in ${bridge.file}`));
  }
  if (nft && isOlder(nft, oldest.nft)) {
    found.push(warn("Services", `nft ${nft} is older than ${oldest.nft}: nothing is forwarded`, "upgrade nftables"));
  }
  if (isOlder(kernel, oldest.kernel)) {
    const mend = `boot Linux ${oldest.kernel} or newer`;
    found.push(warn("Services", `kernel ${kernel} is older than ${oldest.kernel}: nothing is forwarded`, mend));
  }
  if (found.length > 0 || nft === undefined) return found;
  const lacking = [
    ...(fib ? [] : ["nft_fib: node ports answer on configured addresses alone"]),
    ...(sctp ? [] : ["tracking of SCTP: SCTP ports are left out"]),
  ];
  return lacking.length === 0
    ? [ok("Services", "nftables has all that the service proxy uses")]
    : lacking.map((each) => warn("Services", `without ${each}`));
}

/** Controllers without which limits of pods would not hold. */
const neededControllers = ["cpu", "memory", "pids"];

function kernel({ kernel, cgroups, filesystems }: Machine, { failCgroupV1 }: JudgedConfig): Finding[] {
  const found: Finding[] = [];
  const [major, minor] = kernel.split(".").map((part) => parseInt(part));
  found.push(
    major > 5 || (major === 5 && minor >= 6)
      ? ok("kernel", kernel)
      : fail("kernel", `${kernel} has no openat2, which safe subPaths need`, "boot Linux 5.6 or newer"),
  );
  found.push(
    filesystems.includes("overlay")
      ? ok("overlayfs", "there")
      : warn("overlayfs", "not loaded: images are copied for every container", "modprobe overlay"),
  );
  if (!cgroups) {
    return [...found, fail("cgroups", "none are mounted", "mount -t cgroup2 none /sys/fs/cgroup")];
  }
  const missing = neededControllers.filter((name) => !cgroups.controllers.includes(name));
  const which = `v${cgroups.version}`;
  if (missing.length > 0) {
    const mend = missing.includes("memory")
      ? "boot with cgroup_enable=memory (Debian: GRUB_CMDLINE_LINUX in /etc/default/grub, then update-grub)"
      : `boot a kernel with the controllers ${missing.join(", ")}`;
    found.push(fail("cgroups", `${which} without ${missing.join(", ")}`, mend));
  } else if (cgroups.version === 1 && failCgroupV1) {
    found.push(
      fail("cgroups", "v1, and failCgroupV1 is set", "boot with systemd.unified_cgroup_hierarchy=1, or unset it"),
    );
  } else found.push(ok("cgroups", `${which} with ${neededControllers.join(", ")}`));
  return found;
}

function machineState({ swapBytes, disk, resolvConf }: Machine, config: JudgedConfig): Finding[] {
  const found: Finding[] = [];
  if (swapBytes === 0) found.push(ok("swap", "off"));
  else {
    const size = `${Math.round(swapBytes / mebibyte)} MiB`;
    found.push(
      config.failSwapOn ? fail("swap", `${size}, and failSwapOn is set`, "swapoff -a") : warn(
        "swap",
        `${size}: memory limits of pods hold, but the machine may slow down before they do`,
        "swapoff -a",
      ),
    );
  }
  if (!disk) found.push(warn("disk", `${config.rootDir} cannot be looked at`));
  else {
    const free = `${Math.round(disk.freeBytes / mebibyte)} MiB free of ${
      Math.round(disk.bytes / mebibyte)
    } MiB at ${disk.path}`;
    const mend = "remove what is not needed, or choose another --root-dir";
    if (disk.freeBytes < 200 * mebibyte) found.push(fail("disk", free, mend));
    else if (disk.freeBytes < 1024 * mebibyte || disk.freeBytes < disk.bytes / 10) found.push(warn("disk", free, mend));
    else if (disk.inodes > 0 && disk.freeInodes < disk.inodes / 20) {
      found.push(warn("disk", `${disk.freeInodes} inodes free of ${disk.inodes} at ${disk.path}`, mend));
    } else found.push(ok("disk", free));
  }
  if (!resolvConf) {
    found.push(
      warn("DNS", `${config.resolvConf} is not there: pods get no name servers`, "name another with --resolv-conf"),
    );
  }
  return found;
}

function runtime({ runtime, kubelets }: Machine, managed: boolean, cgroupRoot: string): Finding[] {
  const found: Finding[] = [];
  const { endpoint } = runtime;
  if (runtime.state === "absent") found.push(ok("container runtime", "islet starts a containerd of its own"));
  else if (runtime.state === "silent") {
    found.push(
      managed
        ? warn(
          "container runtime",
          `islet's containerd does not answer at ${endpoint}; islet run starts it: ${runtime.error}`,
        )
        : fail("container runtime", `no answer at ${endpoint}: ${runtime.error}`, "systemctl start containerd"),
    );
  } else {
    found.push(ok("container runtime", `${runtime.name} ${runtime.version} at ${endpoint}`));
    for (const { type, message } of runtime.unready) {
      const mend = type === "NetworkReady" ? "put a CNI configuration into /etc/cni/net.d" : undefined;
      found.push((managed ? warn : fail)(type, message, managed ? undefined : mend));
    }
    if (runtime.foreign.length > 0) {
      const some = runtime.foreign.slice(0, 3).join(", ") + (runtime.foreign.length > 3 ? ", …" : "");
      found.push(fail(
        "other pods",
        `${runtime.foreign.length} of another kubelet or islet in this runtime: ${some}`,
        "stop the other one, or let islet run a containerd of its own (--runtime-mode managed)",
      ));
    }
  }
  if (kubelets.length > 0 && cgroupRoot === "/") {
    found.push(fail(
      "kubelet",
      `runs as process ${kubelets.join(", ")} and owns the cgroups /kubepods`,
      "systemctl disable --now kubelet, or give islet a --cgroup-root",
    ));
  }
  return found;
}

function ok(what: string, found: string): Finding {
  return { level: "ok", what, found };
}

function warn(what: string, found: string, mend?: string): Finding {
  return { level: "warn", what, found, ...(mend ? { mend } : {}) };
}

function fail(what: string, found: string, mend?: string): Finding {
  return { level: "fail", what, found, ...(mend ? { mend } : {}) };
}
