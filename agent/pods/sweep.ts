/**
 * What earlier lives left behind of pods that are gone: cgroups, logs, and directories with their mounts. Found by their
 * places:
 *
 *     <rootDir>/pods/<uid>                         made by no one else; it goes last, so that an interrupted sweep is taken up again
 *     <podLogsDir>/<namespace>_<name>_<uid>        of such a pod; all of them, where the directory of logs is the node's own
 *     …/kubepods/…/pod<uid>                        of such a pod; all of them that are empty
 *
 * Nothing is removed through a symbolic link or across a mount that is not undone first.
 */
import { type CgroupFs, killAll } from "../../cgroups/mod.ts";
import { readPodLogDirectory, removePodLogs } from "../logs/mod.ts";
import { type CgroupPathOptions, podCgroupFor, podCgroupParents, podUidOfCgroup } from "../resources/mod.ts";
import { errorText, type Logger } from "../telemetry/log.ts";
import type { VolumeManager } from "../volumes/mod.ts";

export interface SweepDeps {
  volumes: Pick<VolumeManager, "listPodDirs" | "teardown">;
  cgroups: CgroupFs;
  cgroupPaths: CgroupPathOptions;
  podLogsDir: string;
  /** Whether nobody else puts logs of pods there. */
  ownLogs: boolean;
  log: Logger;
  /** Whether a pod of that UID exists now: asked again before each removal. */
  known(uid: string): boolean;
}

/** UIDs that could not be removed → what was told of that: once for as long as it stays the same. */
export type LeftBehind = Map<string, string>;

/** Removes what it finds; `left` afterwards has what could not be removed. */
export async function sweepLeftovers(deps: SweepDeps, left: LeftBehind): Promise<void> {
  const { volumes, cgroups, cgroupPaths, podLogsDir, log, known } = deps;
  const before = new Map(left);
  left.clear();
  const remove = async (uid: string, steps: () => Promise<void>) => {
    if (known(uid)) return;
    try {
      await steps();
      log.info("Removed what was left of a pod that is gone", { uid });
    } catch (err) {
      const problem = errorText(err);
      left.set(uid, problem);
      if (before.get(uid) !== problem) log.warn("Cannot remove what is left of a pod that is gone", { uid, err });
    }
  };
  const logs = readLogDirectories(podLogsDir);
  for (const uid of (await volumes.listPodDirs()).filter(isUid)) {
    await remove(uid, async () => {
      await removeCgroups(deps, uid);
      for (const pod of logs) if (pod.uid === uid) await removePodLogs(podLogsDir, pod);
      await volumes.teardown(uid);
    });
  }
  if (deps.ownLogs) {
    for (const pod of readLogDirectories(podLogsDir)) {
      if (!left.has(pod.uid)) await remove(pod.uid, () => removePodLogs(podLogsDir, pod));
    }
  }
  for (const parent of podCgroupParents(cgroupPaths)) {
    for (const name of cgroups.list(parent)) {
      const path = `${parent}/${name}`;
      const uid = podUidOfCgroup(path, cgroupPaths.driver);
      if (!uid || !isUid(uid) || left.has(uid) || cgroups.processes(path, { recursive: true }).length > 0) continue;
      await remove(uid, () => cgroups.remove(path));
    }
  }
}

/** As Kubernetes makes them, with dashes or (of files, by kubelet) without. A `lost+found` is no pod. */
function isUid(name: string): boolean {
  return /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i.test(name);
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

function readLogDirectories(path: string) {
  try {
    return [...Deno.readDirSync(path)].filter(({ isDirectory }) => isDirectory)
      .flatMap(({ name }) => readPodLogDirectory(name) ?? []).filter(({ uid }) => isUid(uid));
  } catch (err) {
    if (err instanceof Deno.errors.NotFound) return [];
    throw err;
  }
}
