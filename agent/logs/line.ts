/**
 * One entry of a CRI log: `<RFC 3339 time> stdout|stderr F|P[:more tags] <bytes>`. P is a part of a longer line, F its
 * end. Entries are bytes: a log may hold anything, also broken UTF-8.
 */

export type LogStream = "stdout" | "stderr";

export interface LogEntry {
  /** As the runtime wrote it. */
  time: string;
  stream: LogStream;
  /** True when the line goes on in a later entry of the same stream. */
  partial: boolean;
  /** Without the newline; shares memory with what was parsed. */
  content: Uint8Array;
}

const space = 0x20;
const decoder = new TextDecoder();

/** The entry in `line` (no newline at its end); undefined when it is none. */
export function parseEntry(line: Uint8Array): LogEntry | undefined {
  const first = line.indexOf(space);
  const second = line.indexOf(space, first + 1);
  if (first < 20 || second < 0) return undefined;
  const found = line.indexOf(space, second + 1);
  // An empty line may lack the space after its tag.
  const third = found < 0 ? line.length : found;
  const stream = decoder.decode(line.subarray(first + 1, second));
  if (stream !== "stdout" && stream !== "stderr") return undefined;
  const [tag] = decoder.decode(line.subarray(second + 1, third)).split(":", 1);
  if (tag !== "F" && tag !== "P") return undefined;
  const time = decoder.decode(line.subarray(0, first));
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/.test(time)) return undefined;
  return { time, stream, partial: tag === "P", content: line.subarray(third + 1) };
}

/** Milliseconds since the epoch, parts of a millisecond cut off. */
export function entryTime(entry: LogEntry): number {
  return Date.parse(entry.time);
}

/** The time with nine digits after the point, as Kubernetes shows it: stamps of one zone sort as text. */
export function fixedTime(time: string): string {
  const match = /^(.{19})(?:\.(\d+))?(.*)$/.exec(time);
  return match ? `${match[1]}.${(match[2] ?? "").padEnd(9, "0").slice(0, 9)}${match[3]}` : time;
}
