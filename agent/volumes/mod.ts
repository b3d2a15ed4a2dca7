/**
 * A pod's volumes: prepared before its sandbox, refreshed while it runs, mounted into its containers, removed with it.
 *
 * Way in: `VolumeManager`. Pure parts: payload.ts (objects → files), atomic_writer.ts's plan (files and disk → changes),
 * host_path.ts's plan, claim.ts (claim → storage), plan_mounts.ts (container → mounts).
 */
export { VolumeError, type VolumeErrorReason, type VolumeFailure } from "./errors.ts";
export type { ContainerMountOptions } from "./container_mounts.ts";
export { VolumeManager } from "./manager.ts";
export type { TokenProvider, VolumeManagerOptions } from "./options.ts";
export { usedVolumes } from "./places.ts";
