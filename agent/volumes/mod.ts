/**
 * A pod's volumes: prepared before its sandbox, refreshed while it runs, mounted into its containers, removed with it.
 *
 * Way in: `VolumeManager`. Pure parts: payload.ts (objects → files), atomic_writer.ts's plan (files and disk → changes),
 * host_path.ts's plan, claim.ts (claim → storage), plan_mounts.ts (container → mounts).
 */
export { VolumeError, type VolumeErrorReason, type VolumeFailure } from "./errors.ts";
export {
  type ContainerMountOptions,
  type TokenProvider,
  usedVolumes,
  VolumeManager,
  type VolumeManagerOptions,
} from "./manager.ts";
