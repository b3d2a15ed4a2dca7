/**
 * Files that change all at once under a reader, laid out as kubelet's AtomicWriter does, which programs rely on when
 * they watch for changes:
 *
 * ```
 *   app.conf -> ..data/app.conf          one link for each first component
 *   certs    -> ..data/certs
 *   ..data   -> ..2026_01_31_10_00_00.1234567890     renamed over: the moment of change
 *   ..2026_01_31_10_00_00.1234567890/{app.conf,certs/tls.crt}
 * ```
 *
 * What is on disk is compared first, by content, mode and owner: an unchanged payload writes nothing, and an update
 * that a crash cut short is finished by the next one.
 */
import { type Clock, systemClock } from "../clock.ts";
import { lstat, O, openPath, removeTree } from "../linux/mod.ts";
import { groupMode } from "./ownership.ts";
import type { Payload, PayloadFile } from "./payload.ts";

const dataLink = "..data";
const newDataLink = "..data_tmp";

/** A file as it must stand on disk. */
export interface FileOnDisk {
  size: number;
  mode: number;
  uid: number;
  gid: number;
}

/** What a volume's directory shows. */
export interface Listing {
  /** What `..data` points at. */
  current: string | undefined;
  /** The current files by path. */
  files: Map<string, FileOnDisk>;
  /** Visible names that are links, with their targets. */
  links: Map<string, string>;
  /** Visible names that are no links: mount targets that a missing subPath made. */
  others: string[];
  /** Our own names that nothing points at: left behind by a crash. */
  strays: string[];
}

/** What to change. */
export interface Update {
  /** Whether a new directory of files is to be written. */
  write: boolean;
  addLinks: string[];
  removeLinks: string[];
  removeStrays: string[];
}

/** Mode and owner that a file gets. */
export function onDisk(file: PayloadFile, fsGroup: number | undefined): FileOnDisk {
  return {
    size: file.data.length,
    mode: fsGroup === undefined ? file.mode : groupMode(file.mode, { directory: false, readonly: true }),
    uid: file.uid ?? 0,
    gid: fsGroup ?? 0,
  };
}

/** The difference between a directory and a payload; `same` compares the content of a file that looks alike. */
export function planUpdate(
  listing: Listing,
  payload: Payload,
  fsGroup: number | undefined,
  same: (path: string) => boolean,
): Update {
  const wanted = new Set([...payload.keys()].map((path) => path.split("/")[0]));
  const alike = listing.current !== undefined && listing.files.size === payload.size &&
    [...payload].every(([path, file]) => {
      const found = listing.files.get(path);
      const want = onDisk(file, fsGroup);
      return found && found.size === want.size && found.mode === want.mode && found.uid === want.uid &&
        found.gid === want.gid && same(path);
    });
  return {
    write: !alike,
    addLinks: [...wanted].filter((name) => listing.links.get(name) !== `${dataLink}/${name}`),
    removeLinks: [...listing.links.keys()].filter((name) => !wanted.has(name)),
    removeStrays: listing.strays,
  };
}

/** Whether an update changes nothing. */
export function isEmpty(update: Update): boolean {
  return !update.write && update.addLinks.length + update.removeLinks.length + update.removeStrays.length === 0;
}

export interface WriteOptions {
  fsGroup?: number;
  clock?: Clock;
}

/** Makes `dir` show exactly `payload`. True if its files changed. */
export async function writeAtomically(dir: string, payload: Payload, options: WriteOptions = {}): Promise<boolean> {
  const { fsGroup, clock = systemClock } = options;
  const listing = await list(dir);
  const contents = await readContents(dir, listing, payload);
  const update = planUpdate(listing, payload, fsGroup, (path) => equal(contents.get(path), payload.get(path)!.data));
  if (isEmpty(update)) return false;

  using root = openPath(dir, O.RDONLY | O.DIRECTORY);
  for (const stray of update.removeStrays) await removeTree(root, stray);
  const next = update.write ? await writeFiles(dir, payload, fsGroup, clock) : listing.current!;
  for (const name of update.addLinks) {
    // An old link of that name, or the empty directory that a subPath of a then missing key left behind.
    if (listing.links.has(name)) await Deno.remove(`${dir}/${name}`);
    else if (listing.others.includes(name)) await Deno.remove(`${dir}/${name}`).catch(() => undefined);
    await Deno.symlink(`${dataLink}/${name}`, `${dir}/${name}`);
  }
  if (update.write) {
    await Deno.symlink(next, `${dir}/${newDataLink}`);
    await Deno.rename(`${dir}/${newDataLink}`, `${dir}/${dataLink}`);
  }
  for (const name of update.removeLinks) await Deno.remove(`${dir}/${name}`);
  if (update.write && listing.current !== undefined) await removeTree(root, listing.current);
  return update.write || update.addLinks.length + update.removeLinks.length > 0;
}

async function writeFiles(dir: string, payload: Payload, fsGroup: number | undefined, clock: Clock): Promise<string> {
  const name = stamp(clock.now());
  const base = `${dir}/${name}`;
  const made = new Set<string>();
  const makeDir = async (path: string) => {
    if (made.has(path)) return;
    if (path !== base) await makeDir(path.slice(0, path.lastIndexOf("/")));
    await Deno.mkdir(path, { mode: 0o700 });
    if (fsGroup !== undefined) await Deno.chown(path, null, fsGroup);
    await Deno.chmod(path, fsGroup === undefined ? 0o755 : groupMode(0o755, { directory: true, readonly: true }));
    made.add(path);
  };
  await makeDir(base);
  for (const [path, file] of payload) {
    const full = `${base}/${path}`;
    await makeDir(full.slice(0, full.lastIndexOf("/")));
    const want = onDisk(file, fsGroup);
    await Deno.writeFile(full, file.data, { createNew: true, mode: 0o600 });
    if (want.uid !== 0 || want.gid !== 0) await Deno.chown(full, want.uid, want.gid);
    await Deno.chmod(full, want.mode);
  }
  return name;
}

/** `..2026_01_31_10_00_00.` and ten digits. */
function stamp(ms: number): string {
  const time = new Date(ms).toISOString().slice(0, 19).replace(/[-T:]/g, "_");
  return `..${time}.${String(crypto.getRandomValues(new Uint32Array(1))[0]).padStart(10, "0")}`;
}

async function list(dir: string): Promise<Listing> {
  const listing: Listing = { current: undefined, files: new Map(), links: new Map(), others: [], strays: [] };
  const hidden: string[] = [];
  for await (const entry of Deno.readDir(dir)) {
    if (entry.name === dataLink && entry.isSymlink) listing.current = await Deno.readLink(`${dir}/${dataLink}`);
    else if (entry.name.startsWith("..")) hidden.push(entry.name);
    else if (entry.isSymlink) listing.links.set(entry.name, await Deno.readLink(`${dir}/${entry.name}`));
    else listing.others.push(entry.name);
  }
  // A link that leads nowhere, or somewhere else, is as good as none.
  if (listing.current !== undefined && !hidden.includes(listing.current)) listing.current = undefined;
  listing.strays = hidden.filter((name) => name !== listing.current);
  if (listing.current !== undefined) await listFiles(`${dir}/${listing.current}`, "", listing.files);
  return listing;
}

async function listFiles(base: string, below: string, into: Map<string, FileOnDisk>): Promise<void> {
  for await (const { name, isDirectory } of Deno.readDir(`${base}/${below}`)) {
    const path = below + name;
    if (isDirectory) {
      await listFiles(base, `${path}/`, into);
      continue;
    }
    const { size, mode, uid, gid, type } = lstat(`${base}/${path}`);
    // Anything but a file is none of ours: a mode that no payload has makes it differ.
    into.set(path, { size: Number(size), mode: type === "file" ? mode : -1, uid, gid });
  }
}

/** The content of those files that may be the same, which is nearly always all or none. */
async function readContents(dir: string, listing: Listing, payload: Payload): Promise<Map<string, Uint8Array>> {
  const contents = new Map<string, Uint8Array>();
  for (const [path, { data }] of payload) {
    const found = listing.files.get(path);
    if (!found || found.size !== data.length || found.mode < 0) return contents;
    contents.set(path, await Deno.readFile(`${dir}/${listing.current}/${path}`));
  }
  return contents;
}

function equal(a: Uint8Array | undefined, b: Uint8Array): boolean {
  return a !== undefined && a.length === b.length && a.every((byte, index) => byte === b[index]);
}
