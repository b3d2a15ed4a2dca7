/** The containerd that islet runs for itself; see managed.ts. */
export {
  containerdConfig,
  type ContainerdFacts,
  type ContainerdPaths,
  type ContainerdSettings,
  sandboxImage,
} from "./config.ts";
export { containerdFacts, findCniBinDir, hasCapability, MissingProgramError, parseContainerdVersion } from "./facts.ts";
export { ManagedContainerd, type ManagedContainerdOptions, restartDelay } from "./managed.ts";
export { underSystemd } from "./systemd.ts";
export { containerdPaths, defaultRootDir, runDirOf } from "./paths.ts";
