/** What the volumes of pods need from the rest of the agent. */
import type { Clock } from "../clock.ts";
import type { Pod } from "../objects/mod.ts";
import type { DownwardContext } from "../runtime/mod.ts";
import type { Logger } from "../telemetry/log.ts";
import type { InspectOptions } from "./inspect.ts";

/** Issues the token of a pod's service account; it caches, and renews before the end of a token's life. */
export type TokenProvider = (
  pod: Pod,
  request: { audience?: string; expirationSeconds: number },
  signal?: AbortSignal,
) => Promise<string>;

export interface VolumeManagerOptions {
  /** `<rootDir>/pods` */
  podsDir: string;
  /** An object that the pod refers to, in the pod's own realm. Cluster-wide kinds have the namespace "". */
  resolve(
    kind: "ConfigMap" | "Secret" | "PersistentVolumeClaim" | "PersistentVolume",
    namespace: string,
    name: string,
    pod: Pod,
  ): unknown;
  /** What the downward API says beyond the pod's own object. */
  facts(pod: Pod): DownwardContext;
  log: Logger;
  tokens?: TokenProvider;
  /** What the node affinity of PersistentVolumes is held against; default: the hostname label alone. */
  nodeLabels?: () => { readonly [label: string]: string };
  clock?: Clock;
  /** How host paths are looked at. */
  inspect?: Pick<InspectOptions, "deadlineMs" | "mayHang" | "programs">;
}
