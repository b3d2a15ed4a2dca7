/**
 * What an installed islet consists of: files, directories, units. Pure. `islet install` makes it so, `islet uninstall`
 * takes it away again.
 */
import { join } from "node:path";
import { containerdUnit, isletUnit } from "../../systemd/units.ts";
import type { NodeConfig } from "../config/mod.ts";
import { containerdPaths } from "../runtime/containerd/mod.ts";

export const isletService = "islet.service";
export const containerdService = "islet-containerd.service";

/** Where things are on a running machine. */
export const places = {
  program: "/usr/local/bin/islet",
  config: "/etc/islet/config.yaml",
  configDir: "/etc/islet",
  manifests: "/etc/islet/manifests",
  units: "/etc/systemd/system",
  /** That islet starts with the machine. */
  enabled: "/etc/systemd/system/multi-user.target.wants/islet.service",
} as const;

/** The configuration of a new installation. */
export const defaultConfig =
  `# What islet is to do; "islet run --help" lists every field's flag. After a change: systemctl restart islet
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
staticPodPath: ${places.manifests}
# when the machine shuts down: time for all pods, and the end of it that is kept for critical ones
shutdownGracePeriod: 30s
shutdownGracePeriodCriticalPods: 10s
`;

/** One thing that has to be there. Paths are those of the machine, without the prefix. */
export type Part =
  | { type: "directory"; path: string; mode: number }
  /** The running program itself. */
  | { type: "program"; path: string }
  /** `keep`: what is there already is the user's. */
  | { type: "file"; path: string; text: string; mode: number; keep?: boolean }
  | { type: "link"; path: string; target: string };

/** Everything that is installed, in the order in which it is made. `config` is that of the node to be. */
export function installation(config: Pick<NodeConfig, "rootDir" | "runDir" | "runtime" | "staticPodPath">): Part[] {
  const managed = config.runtime.mode === "managed";
  const runtime = managed ? [containerdService] : ["containerd.service", "crio.service"];
  const paths = containerdPaths(config.rootDir, { runDir: config.runDir });
  const unit = (name: string, text: string): Part => ({
    type: "file",
    path: join(places.units, name),
    text,
    mode: 0o644,
  });
  return [
    { type: "program", path: places.program },
    { type: "directory", path: places.configDir, mode: 0o755 },
    { type: "file", path: places.config, text: defaultConfig, mode: 0o644, keep: true },
    // manifests may hold Secrets
    { type: "directory", path: config.staticPodPath || places.manifests, mode: 0o700 },
    ...(managed
      ? [
        // containerd's log is opened by systemd, before islet has made anything
        { type: "directory", path: config.rootDir, mode: 0o700 } as const,
        { type: "directory", path: join(config.rootDir, "containerd"), mode: 0o700 } as const,
        unit(
          containerdService,
          containerdUnit({ config: paths.config, log: paths.log, environment: paths.environment }),
        ),
      ]
      : []),
    unit(isletService, isletUnit({ program: places.program, config: places.config, runtime })),
    { type: "link", path: places.enabled, target: `../${isletService}` },
  ];
}
