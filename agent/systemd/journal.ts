/**
 * Log entries as the journal keeps them: a message for people and each field of its own, so that
 * `journalctl -u islet ISLET_POD=default/web` finds what concerns a pod. Source: systemd's "Native Journal Protocol".
 */
import { DatagramSocket } from "../linux/mod.ts";
import { type Entry, inWords, type Level } from "../telemetry/log.ts";

const socketPath = "/run/systemd/journal/socket";

/** syslog's priorities. */
const priorities: Record<Level, number> = { debug: 7, info: 6, warn: 4, error: 3 };

/** Whether standard error leads into the journal: then `JOURNAL_STREAM` names its device and inode. */
export function logsToJournal(stream = Deno.env.get("JOURNAL_STREAM"), stderr = "/proc/self/fd/2"): boolean {
  if (!stream) return false;
  try {
    const { dev, ino } = Deno.statSync(stderr);
    return stream === `${dev}:${ino}`;
  } catch {
    return false;
  }
}

/** Writes entries to the journal; what does not get there goes to standard error with its priority in front. */
export function journalSink(
  path = socketPath,
  stderr: (text: Uint8Array) => void = (text) => void Deno.stderr.writeSync(text),
) {
  const socket = new DatagramSocket(path);
  const encoder = new TextEncoder();
  return (entry: Entry) => {
    try {
      socket.send(journalEntry(entry));
    } catch {
      const words = inWords(entry).replaceAll("\n", " ");
      stderr(encoder.encode(`<${priorities[entry.level]}>${words}\n`));
    }
  };
}

/** An entry in the journal's own format. Pure. */
export function journalEntry(entry: Entry): Uint8Array<ArrayBuffer> {
  const fields: [string, string][] = [
    ["MESSAGE", inWords(entry)],
    ["PRIORITY", String(priorities[entry.level])],
    ["SYSLOG_IDENTIFIER", "islet"],
  ];
  for (const [name, value] of Object.entries(entry.fields)) {
    if (value !== undefined) fields.push([fieldName(name), typeof value === "string" ? value : JSON.stringify(value)]);
  }
  const parts = fields.map(([name, value]) => encodeField(name, value));
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** `hostIP` → `ISLET_HOST_IP`: capital letters, digits, underscores, 64 at most. */
export function fieldName(name: string): string {
  const words = name.replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2").replaceAll(/[^A-Za-z0-9]+/g, "_");
  return `ISLET_${words.toUpperCase()}`.slice(0, 64);
}

/** `NAME=value`, or, where the value has several lines, its length in front of it. */
function encodeField(name: string, value: string): Uint8Array {
  const encoder = new TextEncoder();
  if (!value.includes("\n")) return encoder.encode(`${name}=${value}\n`);
  const head = encoder.encode(`${name}\n`), text = encoder.encode(value);
  const bytes = new Uint8Array(head.length + 8 + text.length + 1);
  bytes.set(head);
  new DataView(bytes.buffer).setBigUint64(head.length, BigInt(text.length), true);
  bytes.set(text, head.length + 8);
  bytes[bytes.length - 1] = 10;
  return bytes;
}
