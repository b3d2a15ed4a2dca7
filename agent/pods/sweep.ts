/**
 * What earlier lives left behind of pods that are gone: cgroups, logs, and directories with their mounts. The directory
 * below rootDir is the proof that a pod was ours; it goes last, so that an interrupted sweep is taken up again.
 */
import { type CgroupFs, killAll } from "../../cgroups/mod.ts";
import { type CgroupPathOptions, podCgroupFor } from "../resources/mod.ts";
import { readPodLogDirectory } from "../logs/mod.ts";
import type { Logger } from "../telemetry/log.ts";
import type { VolumeManager } from "../volumes/mod.ts";

export interface SweepDeps {
  volumes: Pick<VolumeManager, "listPodDirs" | "teardown">;
  cgroups: CgroupFs;
  cgroupPaths: CgroupPathOptions;
  podLogsDir: string;
  log: Logger;
  /** Whether a pod of that UID exists now: asked again before each removal. */
  known(uid: string): boolean;
}

export async function sweepLeftovers(deps: SweepDeps): Promise<void> {
  const { volumes, podLogsDir, log, known } = deps;
  for (const uid of await volumes.listPodDirs()) {
    if (known(uid)) continue;
    try {
      await removeCgroups(deps, uid);
      for (const name of directories(podLogsDir)) {
        if (readPodLogDirectory(name)?.uid === uid) await Deno.remove(`${podLogsDir}/${name}`, { recursive: true });
      }
      await volumes.teardown(uid);
      log.info("Removed what was left of a pod that is gone", { uid });
    } catch (err) {
      log.warn("Cannot remove what is left of a pod that is gone", { uid, err });
    }
  }
}

/** The class of a pod whose object is gone is not known, so each place is looked at. */
async function removeCgroups({ cgroups, cgroupPaths }: SweepDeps, uid: string): Promise<void> {
  for (const qos of ["Guaranteed", "Burstable", "BestEffort"] as const) {
    const path = podCgroupFor(uid, qos, cgroupPaths);
    if (!cgroups.exists(path)) continue;
    await killAll(cgroups, path);
    await cgroups.remove(path);
  }
}

function directories(path: string): string[] {
  try {
    return [...Deno.readDirSync(path)].filter(({ isDirectory }) => isDirectory).map(({ name }) => name);
  } catch (err) {
    if (err instanceof Deno.errors.NotFound) return [];
    throw err;
  }
}
