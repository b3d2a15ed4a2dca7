/**
 * Where container logs are, as kubelet has it, and which files belong to one of them:
 *
 *     <podLogsDir>/<namespace>_<name>_<uid>/<container>/<attempt>.log                    written by the runtime
 *                                                      <attempt>.log.20260102-030405     rotated
 *                                                      <attempt>.log.20260102-030405.gz  rotated and compressed
 *                                                      <attempt>.log.….tmp               being compressed
 */
import { basename, dirname, join } from "node:path";
import { type Fd, isErrno, O, openPath, removeTree } from "../linux/mod.ts";

/** Names a pod's log directory. */
export interface LogPod {
  namespace: string;
  name: string;
  uid: string;
}

/** `<podLogsDir>/<namespace>_<name>_<uid>`: the sandbox's log_directory. */
export function podLogDirectory(podLogsDir: string, pod: LogPod): string {
  return join(podLogsDir, `${pod.namespace}_${pod.name}_${pod.uid}`);
}

/** The pod's identity by the name of its directory of logs; undefined where it is not one. */
export function readPodLogDirectory(name: string): LogPod | undefined {
  // None of the three can have an underscore.
  const match = /^([^_/]+)_([^_/]+)_([^_/]+)$/.exec(name);
  return match ? { namespace: match[1], name: match[2], uid: match[3] } : undefined;
}

/** `<container>/<attempt>.log`: the container's log_path, relative to the pod's directory. */
export function containerLogName(container: string, attempt: number): string {
  return `${container}/${attempt}.log`;
}

/** The full path of one attempt's log. */
export function containerLogPath(podLogsDir: string, pod: LogPod, container: string, attempt: number): string {
  return join(podLogDirectory(podLogsDir, pod), containerLogName(container, attempt));
}

/** The attempts of a container that have a log, oldest first; empty when there are none. */
export function loggedAttempts(podLogsDir: string, pod: LogPod, container: string): number[] {
  const attempts = names(join(podLogDirectory(podLogsDir, pod), container))
    .map((name) => /^(\d+)\.log(\.|$)/.exec(name)?.[1])
    .filter((attempt) => attempt !== undefined)
    .map(Number);
  return [...new Set(attempts)].sort((a, b) => a - b);
}

/** One file of a container log's family. */
export interface LogFile {
  path: string;
  /** `YYYYMMDD-HHMMSS` of its rotation; "" for the one that is written. */
  stamp: string;
  compressed: boolean;
  /** Left by a compression that did not end. */
  temporary: boolean;
}

/** The rotated files of the log at `path`, oldest first, temporary ones too. */
export function rotatedFiles(path: string): LogFile[] {
  const prefix = basename(path) + ".";
  return names(dirname(path))
    .filter((name) => name.startsWith(prefix))
    .map((name) => logFile(join(dirname(path), name), name.slice(prefix.length)))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** The rotated files whose text is to be read, oldest first: a plain one that is compressed already counts once. */
export function readableFiles(files: LogFile[]): LogFile[] {
  const compressed = new Set(files.filter((file) => file.compressed).map((file) => file.path));
  return files.filter((file) => !file.temporary && (file.compressed || !compressed.has(`${file.path}.gz`)));
}

/** Removes one attempt's log with all its rotated files. Absent is done. */
export function removeContainerLogs(path: string): void {
  for (const file of [path, ...rotatedFiles(path).map((file) => file.path)]) remove(file);
}

/**
 * Removes a pod's log directory with everything in it, following no symbolic link; a mount in it stops it. Absent is
 * done.
 */
export async function removePodLogs(podLogsDir: string, pod: LogPod): Promise<void> {
  let parent: Fd;
  try {
    parent = openPath(podLogsDir, O.RDONLY | O.DIRECTORY);
  } catch (err) {
    if (isErrno(err, "ENOENT")) return;
    throw err;
  }
  using opened = parent;
  await removeTree(opened, basename(podLogDirectory(podLogsDir, pod)));
}

function logFile(path: string, suffix: string): LogFile {
  return {
    path,
    stamp: suffix.split(".")[0],
    compressed: suffix.endsWith(".gz"),
    temporary: suffix.endsWith(".tmp"),
  };
}

function names(directory: string): string[] {
  try {
    return [...Deno.readDirSync(directory)].filter((entry) => entry.isFile).map((entry) => entry.name);
  } catch (err) {
    if (err instanceof Deno.errors.NotFound) return [];
    throw err;
  }
}

function remove(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (err) {
    if (!(err instanceof Deno.errors.NotFound)) throw err;
  }
}
