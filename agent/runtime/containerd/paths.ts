/**
 * Where a node's managed containerd keeps its files. Everything hangs on rootDir, so several nodes (tests, mostly) can live on
 * one machine: only the node with the default rootDir owns `/run/islet` itself.
 */
import { createHash } from "node:crypto";
import { join, resolve } from "node:path";
import type { ContainerdPaths } from "./config.ts";

/** The rootDir of a machine's one proper node. */
export const defaultRootDir = "/var/lib/islet";

/** The directory of sockets and run-time state: `/run/islet`, or one of its own for another rootDir. */
export function runDirOf(rootDir: string): string {
  const root = resolve(rootDir);
  if (root === defaultRootDir) return "/run/islet";
  return `/run/islet-${createHash("sha256").update(root).digest("hex").slice(0, 8)}`;
}

/** The paths of a node's containerd; its CNI configuration directory is a choice of its own (see net/cni). */
export function containerdPaths(
  rootDir: string,
  options: { runDir?: string; cniConfDir?: string } = {},
): ContainerdPaths {
  const root = join(resolve(rootDir), "containerd");
  const run = options.runDir ?? runDirOf(rootDir);
  return {
    root: join(root, "root"),
    state: join(run, "containerd"),
    socket: join(run, "containerd.sock"),
    config: join(root, "config.toml"),
    log: join(root, "containerd.log"),
    pid: join(run, "containerd.pid"),
    environment: join(run, "containerd.env"),
    cniConfDir: options.cniConfDir ?? join(resolve(rootDir), "cni/net.d"),
    registryConfigDir: join(root, "certs.d"),
  };
}
