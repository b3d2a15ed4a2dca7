/**
 * The configuration file of the containerd that islet runs for itself, as text. Pure: what the machine offers comes in as
 * {@linkcode ContainerdFacts}. containerd 1.x reads version 2 of the format, 2.x version 3, where the CRI plugin is split
 * in three; everything else stays at containerd's own defaults.
 */

/** The image of every pod sandbox; islet carries it in itself. */
export const sandboxImage = "dev.islet/pause:1";

/** What differs from machine to machine. */
export interface ContainerdFacts {
  /** Of `containerd --version`. */
  version: { major: number; minor: number };
  /** Directory of the CNI plugins. */
  cniBinDir: string;
  /** Without CAP_SYS_RESOURCE runc cannot lower an oom_score_adj: containerd must ask for what it already has. */
  capSysResource: boolean;
  /** Whether cgroups are managed by systemd. */
  systemdCgroup: boolean;
  /** `native` copies layers: for file systems on which overlayfs cannot be mounted. */
  snapshotter: "overlayfs" | "native";
  apparmor: boolean;
}

/** Where this containerd keeps its things. */
export interface ContainerdPaths {
  /** Images, snapshots, metadata: on disk. */
  root: string;
  /** Runtime state: gone after a reboot. */
  state: string;
  socket: string;
  config: string;
  log: string;
  /** Process id and start time of the containerd in charge. */
  pid: string;
  /** Variables of its environment, for the unit of `islet install`. */
  environment: string;
  cniConfDir: string;
  /** `hosts.toml` files of registries. */
  registryConfigDir: string;
}

export interface ContainerdSettings {
  sandboxImage?: string;
  /** Layers fetched at once for one image. */
  maxConcurrentDownloads?: number;
}

type Value = string | number | boolean | string[];
interface Table {
  [key: string]: Value | Table;
}

/** The file's text. */
export function containerdConfig(
  paths: ContainerdPaths,
  facts: ContainerdFacts,
  { sandboxImage: image = sandboxImage, maxConcurrentDownloads = 3 }: ContainerdSettings = {},
): string {
  const v3 = facts.version.major >= 2;
  const file: Table = {
    version: v3 ? 3 : 2,
    root: paths.root,
    state: paths.state,
    oom_score: facts.capSysResource ? -999 : 0,
    disabled_plugins: disabledPlugins(facts),
    grpc: { address: paths.socket },
    debug: { level: "warn" },
    timeouts: patience,
    plugins: v3
      ? criVersion3(paths, facts, image, maxConcurrentDownloads)
      : criVersion2(paths, facts, image, maxConcurrentDownloads),
  };
  return "# Written by islet; changes are overwritten when it starts.\n" + toml(file);
}

/**
 * How long containerd waits, when it starts, for shims of an earlier life to answer. Of one that is later it removes the container,
 * which runs: its own 5 and 2 seconds are too few for a device that is busy.
 */
const patience = { "io.containerd.timeout.shim.load": "60s", "io.containerd.timeout.task.state": "30s" };

/** Plugins that cost start-up time, memory or a timer and serve nothing here. */
function disabledPlugins({ version: { major, minor }, snapshotter }: ContainerdFacts): string[] {
  const v3 = major >= 2;
  const unused = [
    ...["aufs", "btrfs", "devmapper", "zfs", "blockfile", "erofs", "native", "overlayfs"]
      .filter((name) => name !== snapshotter && name !== "native")
      .map((name) => `io.containerd.snapshotter.v1.${name}`),
    v3 ? "io.containerd.monitor.container.v1.restart" : "io.containerd.internal.v1.restart",
    "io.containerd.internal.v1.opt",
    "io.containerd.internal.v1.tracing",
    "io.containerd.tracing.processor.v1.otlp",
  ];
  if (major === 1 && minor < 7) return unused.filter((id) => !/blockfile|erofs/.test(id));
  return unused;
}

function runtimes({ systemdCgroup }: ContainerdFacts): Table {
  return {
    default_runtime_name: "runc",
    runtimes: {
      runc: { runtime_type: "io.containerd.runc.v2", options: { SystemdCgroup: systemdCgroup } },
    },
  };
}

function limits({ capSysResource, apparmor }: ContainerdFacts): Table {
  return {
    restrict_oom_score_adj: !capSysResource,
    disable_apparmor: !apparmor,
    netns_mounts_under_state_dir: true,
    tolerate_missing_hugetlb_controller: true,
  };
}

const streaming = { stream_server_address: "127.0.0.1", stream_server_port: "0" };

function criVersion2(paths: ContainerdPaths, facts: ContainerdFacts, image: string, downloads: number): Table {
  return {
    "io.containerd.grpc.v1.cri": {
      sandbox_image: image,
      ...limits(facts),
      ...streaming,
      max_concurrent_downloads: downloads,
      stats_collect_period: 60,
      containerd: { snapshotter: facts.snapshotter, ...runtimes(facts) },
      cni: { bin_dir: facts.cniBinDir, conf_dir: paths.cniConfDir },
      registry: { config_path: paths.registryConfigDir },
    },
  };
}

function criVersion3(paths: ContainerdPaths, facts: ContainerdFacts, image: string, downloads: number): Table {
  return {
    "io.containerd.cri.v1.images": {
      snapshotter: facts.snapshotter,
      max_concurrent_downloads: downloads,
      stats_collect_period: 60,
      pinned_images: { sandbox: image },
      registry: { config_path: paths.registryConfigDir },
    },
    "io.containerd.cri.v1.runtime": {
      ...limits(facts),
      containerd: runtimes(facts),
      cni: { bin_dir: facts.cniBinDir, conf_dir: paths.cniConfDir },
    },
    "io.containerd.grpc.v1.cri": streaming,
    "io.containerd.nri.v1.nri": { disable: true },
  };
}

/** TOML of plain values and nested tables: a table's own keys come before its sub-tables. */
function toml(table: Table, path: string[] = []): string {
  const own: string[] = [], nested: string[] = [];
  for (const [key, value] of Object.entries(table)) {
    const name = /^[\w-]+$/.test(key) ? key : JSON.stringify(key);
    if (typeof value === "object" && !Array.isArray(value)) nested.push(toml(value, [...path, name]));
    else own.push(`${name} = ${JSON.stringify(value)}\n`); // JSON's strings, numbers and lists are TOML's too
  }
  const head = path.length > 0 && own.length > 0 ? `\n[${path.join(".")}]\n` : "";
  return head + own.join("") + nested.join("");
}
