/**
 * A container's last words: the file at its terminationMessagePath or, with policy FallbackToLogsOnError, the end of its
 * log. Limits as kubelet's: 4096 bytes from the file; 2048 bytes or 80 lines from the log.
 * Source: Kubernetes "Determine the Reason for Pod Failure".
 */
import { fstat, O, openPath } from "../linux/mod.ts";
import { readLog } from "../logs/mod.ts";
import { recordedContainer } from "../runtime/mod.ts";
import type { ObservedContainer } from "./types.ts";

const maxFile = 4096;
const maxLog = 2048;
const maxLines = 80;

export async function terminationMessage(
  container: ObservedContainer,
  mounts: readonly { containerPath: string; hostPath: string }[],
  logFile: string,
): Promise<string> {
  const { terminationMessagePath: path, terminationMessagePolicy: policy } = recordedContainer(container);
  const file = mounts.find(({ containerPath }) => containerPath === path)?.hostPath;
  const written = path && file ? firstBytes(file, maxFile) : "";
  if (written || policy !== "FallbackToLogsOnError" || container.exitCode === 0) return written;
  return await lastLines(logFile);
}

/** A container may have put anything there: no link is followed, no pipe waited for. */
function firstBytes(path: string, limit: number): string {
  try {
    using fd = openPath(path, O.RDONLY | O.NOFOLLOW | O.NONBLOCK);
    if (fstat(fd).type !== "file") return "";
    using file = Deno.openSync(fd.procPath);
    const bytes = new Uint8Array(limit);
    let length = 0;
    for (let got: number | null; length < limit && (got = file.readSync(bytes.subarray(length))) !== null;) {
      length += got;
    }
    return new TextDecoder().decode(bytes.subarray(0, length));
  } catch {
    return "";
  }
}

async function lastLines(path: string): Promise<string> {
  let text = "";
  try {
    for await (const chunk of readLog({ path }, { tailLines: maxLines })) text += new TextDecoder().decode(chunk);
  } catch {
    return "";
  }
  const bytes = new TextEncoder().encode(text);
  return bytes.length > maxLog ? new TextDecoder().decode(bytes.subarray(bytes.length - maxLog)) : text;
}
