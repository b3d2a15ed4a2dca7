/**
 * Uids and gids of pods with `hostUsers: false`: each such pod has a block of its own on the node, so that a process that
 * breaks out of one is nobody, and nobody of another pod.
 *
 * A pod's block is written into its directory, as kubelet does, before anything runs in it; the directory goes last, so a
 * block is free only when nothing of its pod is left. What is on disk is all there is: a lost store changes nothing.
 */
import type { UserNamespaceMapping } from "../../runtime/mod.ts";

/** Ids of a pod: what programs in it take for all there are. */
const blockSize = 65536;
const file = "userns";
/** Its last id is −1, which is nobody. */
const lastBlock = 2 ** 32 / blockSize - 1;

export interface UserNamespaceOptions {
  podsDir: string;
  /** Ids that belong to somebody else: `/etc/subuid`, `/etc/subgid`. */
  reserved?: () => UserNamespaceMapping[];
}

/** The pod's block: the one that it has, or else a free one. */
export function userNamespace(
  uid: string,
  { podsDir, reserved = delegatedIds }: UserNamespaceOptions,
): UserNamespaceMapping {
  const known = readBlock(`${podsDir}/${uid}/${file}`);
  if (known) return known;
  const taken = [...reserved(), ...blocksOf(podsDir)];
  const block = freeBlock(taken);
  if (!block) throw new Error("Cannot give the pod a user namespace: all ids of the node are taken");
  writeBlock(`${podsDir}/${uid}`, block);
  return block;
}

/** The first block that nothing of `taken` lies in. Block 0 is the node's own. Pure. */
export function freeBlock(taken: readonly UserNamespaceMapping[]): UserNamespaceMapping | undefined {
  const used = new Set<number>();
  for (const { hostId, length } of taken) {
    for (let n = Math.floor(hostId / blockSize); n * blockSize < hostId + length && n < lastBlock; n++) used.add(n);
  }
  for (let n = 1; n < lastBlock; n++) if (!used.has(n)) return { hostId: n * blockSize, length: blockSize };
  return undefined;
}

/** Lines `name:first:count` of /etc/subuid and /etc/subgid. */
export function parseDelegatedIds(text: string): UserNamespaceMapping[] {
  return text.split("\n").map((line) => /^[^#:]+:(\d+):(\d+)\s*$/.exec(line)).filter((match) => match !== null)
    .map(([, first, count]) => ({ hostId: Number(first), length: Number(count) }));
}

function delegatedIds(): UserNamespaceMapping[] {
  return ["/etc/subuid", "/etc/subgid"].flatMap((path) => parseDelegatedIds(readText(path) ?? ""));
}

function blocksOf(podsDir: string): UserNamespaceMapping[] {
  return [...Deno.readDirSync(podsDir)].flatMap(({ name }) => readBlock(`${podsDir}/${name}/${file}`) ?? []);
}

/** kubelet's form, so that either program reads the other's. */
interface Written {
  uidMappings?: { hostId: number; containerId: number; length: number }[];
}

function readBlock(path: string): UserNamespaceMapping | undefined {
  const text = readText(path);
  if (text === undefined) return undefined;
  try {
    const { hostId, length } = (JSON.parse(text) as Written).uidMappings![0];
    if (Number.isSafeInteger(hostId) && hostId > 0 && length > 0) return { hostId, length };
    throw new Error("it names no ids");
  } catch (cause) {
    // Another block would give the pod's files to strangers.
    throw new Error(`Cannot read ${path}: ${(cause as Error).message}`, { cause });
  }
}

function writeBlock(dir: string, { hostId, length }: UserNamespaceMapping): void {
  const mappings = [{ hostId, containerId: 0, length }];
  Deno.mkdirSync(dir, { recursive: true, mode: 0o700 });
  {
    using out = Deno.openSync(`${dir}/.${file}`, { write: true, create: true, truncate: true, mode: 0o600 });
    const text = new TextEncoder().encode(JSON.stringify({ uidMappings: mappings, gidMappings: mappings }));
    for (let at = 0; at < text.length;) at += out.writeSync(text.subarray(at));
    out.syncSync();
  }
  Deno.renameSync(`${dir}/.${file}`, `${dir}/${file}`);
}

function readText(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch (err) {
    if (err instanceof Deno.errors.NotFound || err instanceof Deno.errors.NotADirectory) return undefined;
    throw err;
  }
}
