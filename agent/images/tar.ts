/**
 * Tar files (ustar) in memory, both ways round: image layers and image archives are made of them. The same entries give the
 * same bytes on every machine and day, so that digests are reproducible.
 */

/** One member of an archive. */
export interface TarEntry {
  /** Path without a leading slash. */
  path: string;
  type?: "file" | "directory" | "symlink";
  /** Permission bits; default 0644, directories 0755, symlinks 0777. */
  mode?: number;
  content?: Uint8Array;
  /** Where a symlink points. */
  target?: string;
}

const block = 512;
const typeFlags = { file: "0", directory: "5", symlink: "2" } as const;
const defaultModes = { file: 0o644, directory: 0o755, symlink: 0o777 } as const;

/** The archive of `entries`, in the order given; everything belongs to root and dates from the epoch. */
export function tar(entries: readonly TarEntry[]): Uint8Array<ArrayBuffer> {
  const size = entries.reduce((sum, { content }) => sum + block + padded(content?.length ?? 0), 2 * block);
  const out = new Uint8Array(size);
  let at = 0;
  for (const entry of entries) {
    out.set(header(entry), at);
    at += block;
    if (entry.content) out.set(entry.content, at);
    at += padded(entry.content?.length ?? 0);
  }
  return out;
}

/** The regular files of an archive, by path. */
export function untar(archive: Uint8Array): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  const decoder = new TextDecoder();
  const text = (from: number, length: number) =>
    decoder.decode(archive.subarray(from, from + length)).replace(/\0.*$/s, "");
  for (let at = 0; at + block <= archive.length && archive[at] !== 0;) {
    const size = parseInt(text(at + 124, 12), 8);
    const prefix = text(at + 345, 155);
    const path = (prefix ? `${prefix}/` : "") + text(at, 100);
    if (!(size >= 0)) throw new Error(`Cannot read the archive: no size at byte ${at}`);
    const flag = text(at + 156, 1);
    if (flag === "0" || flag === "") files.set(path, archive.subarray(at + block, at + block + size));
    at += block + padded(size);
  }
  return files;
}

function padded(size: number): number {
  return Math.ceil(size / block) * block;
}

function header({ path, type = "file", mode = defaultModes[type], content, target = "" }: TarEntry): Uint8Array {
  const bytes = new Uint8Array(block);
  const encoder = new TextEncoder();
  const put = (at: number, length: number, value: string) => {
    const encoded = encoder.encode(value);
    if (encoded.length > length) throw new Error(`Cannot archive ${path}: ${value} is longer than ${length} bytes`);
    bytes.set(encoded, at);
  };
  const octal = (at: number, length: number, value: number) =>
    put(at, length, value.toString(8).padStart(length - 1, "0") + "\0");
  put(0, 100, type === "directory" ? path.replace(/\/?$/, "/") : path);
  octal(100, 8, mode);
  octal(108, 8, 0); // owner
  octal(116, 8, 0); // group
  octal(124, 12, content?.length ?? 0);
  octal(136, 12, 0); // time
  put(156, 1, typeFlags[type]);
  put(157, 100, target);
  put(257, 8, "ustar\x0000");
  put(148, 8, "        "); // the checksum counts its own field as spaces
  octal(148, 7, bytes.reduce((sum, byte) => sum + byte, 0));
  return bytes;
}
