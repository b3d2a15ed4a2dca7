/** Pods' volumes, wired: what they are made from is the store's, of the pod's own realm. */
import { join } from "node:path";
import type { PodTokens } from "../api/auth/mod.ts";
import type { Clock } from "../clock.ts";
import type { NodeConfig } from "../config/mod.ts";
import type { Pod } from "../objects/mod.ts";
import type { Amounts } from "../resources/mod.ts";
import type { Store } from "../store/mod.ts";
import type { Logger } from "../telemetry/log.ts";
import { VolumeManager } from "../volumes/mod.ts";
import { realmOf } from "./pods.ts";

export interface NodeVolumesOptions {
  config: Pick<NodeConfig, "rootDir" | "nodeName">;
  store: Store;
  tokens: Pick<PodTokens, "token">;
  hostIPs(): string[];
  allocatable: Amounts;
  /** The Node object's. */
  nodeLabels(): Readonly<Record<string, string>>;
  clock: Clock;
  log: Logger;
}

/** `podIPs`: the addresses of a pod that is up. */
export function nodeVolumes(options: NodeVolumesOptions, podIPs: (pod: Pod) => string[]): VolumeManager {
  const { config: { rootDir, nodeName }, store, tokens, hostIPs, allocatable, nodeLabels, clock, log } = options;
  return new VolumeManager({
    podsDir: join(rootDir, "pods"),
    resolve: (kind, namespace, name, pod) => store.get(realmOf(store, pod), kind, namespace, name),
    facts: (pod) => ({ nodeName, hostIPs: hostIPs(), podIPs: podIPs(pod), allocatable }),
    nodeLabels,
    tokens: (pod, request) => tokens.token(pod, request),
    log,
    clock,
  });
}
