/**
 * Brings image archives into containerd. CRI has no call for it, so containerd's own client does the work as a child process, in
 * the namespace that its CRI plugin uses. Compressed archives are unpacked by a second child on the way in; nothing is written
 * to disk twice.
 */
import { errorText } from "../telemetry/log.ts";

/** What preloading asks for; the real one is {@linkcode CtrImporter}. */
export interface ImageImporter {
  /** Imports an archive: a file, bytes, or what is sent; returns the names of the images in it. */
  import(archive: Archive, signal?: AbortSignal): Promise<string[]>;
  /** The runtime itself may collect these images again. */
  release?(names: readonly string[], signal?: AbortSignal): Promise<void>;
}

/** A stream is read to its end or to a failure, and not cancelled. */
export type Archive = string | Bytes | ReadableStream<Bytes>;
type Bytes = Uint8Array<ArrayBuffer>;

export interface CtrImporterOptions {
  /** containerd's socket. */
  socket: string;
  /** The CRI plugin's snapshotter. */
  snapshotter?: string;
  /** containerd's major version: from 2 on, `ctr` needs `--local` to unpack and report as before. */
  major?: number;
}

/** The label by which containerd 1.7 and later, and the kubelets on them, leave an image alone. */
const pinned = "io.cri-containerd.pinned";

export class CtrImporter implements ImageImporter {
  constructor(readonly options: CtrImporterOptions) {}

  async import(archive: Archive, signal?: AbortSignal): Promise<string[]> {
    const { snapshotter, major = 1 } = this.options;
    const isFile = typeof archive === "string";
    const unpack = isFile ? unpacker(archive) : undefined;
    const what = isFile ? archive : "an image archive";
    const output = await this.#ctr(
      [
        "import",
        ...(major >= 2 ? ["--local"] : []),
        ...(snapshotter ? ["--snapshotter", snapshotter] : []),
        isFile && !unpack ? archive : "-",
      ],
      what,
      signal,
      !isFile
        ? (stdin) => feed(archive, stdin, signal)
        : unpack
        ? (stdin) => feedUnpacked(unpack, archive, stdin, signal)
        : undefined,
    );
    const names = importedNames(output);
    if (names.length === 0) throw new Error(`Cannot import ${what}: ctr named no image in it`);
    for (const name of names) await this.#ctr(["label", name, `${pinned}=pinned`], what, signal);
    return names;
  }

  async release(names: readonly string[], signal?: AbortSignal): Promise<void> {
    for (const name of names) await this.#ctr(["label", name, `${pinned}=`], name, signal);
  }

  async #ctr(
    args: string[],
    what: string,
    signal?: AbortSignal,
    input?: (stdin: WritableStream<Bytes>) => Promise<void>,
  ): Promise<string> {
    const problem = (found: string, cause?: unknown) => new Error(`Cannot import ${what}: ${found}`, { cause });
    let ctr: Deno.ChildProcess;
    try {
      ctr = new Deno.Command("ctr", {
        args: ["--address", this.options.socket, "--namespace", "k8s.io", "images", ...args],
        stdin: input ? "piped" : "null",
        stdout: "piped",
        stderr: "piped",
        signal,
      }).spawn();
    } catch (cause) {
      throw problem("ctr, which comes with containerd, does not start", cause);
    }
    const fed = input ? input(ctr.stdin).then(() => undefined, (err) => err) : Promise.resolve(undefined);
    const { success, stdout, stderr } = await ctr.output();
    const feedError = await fed;
    signal?.throwIfAborted();
    const said = new TextDecoder().decode(stderr).trim().replace(/^ctr: /, "");
    if (feedError && !(success && feedError instanceof Deno.errors.BrokenPipe)) {
      throw problem(said || errorText(feedError), feedError);
    }
    if (!success) throw problem(said || "ctr failed");
    return new TextDecoder().decode(stdout);
  }
}

/** The program that unpacks an archive, by its name; none for a plain one. */
function unpacker(file: string): string | undefined {
  return file.endsWith(".gz") || file.endsWith(".tgz") ? "gzip" : file.endsWith(".zst") ? "zstd" : undefined;
}

/** The same by the first bytes. */
export function unpackerOf(head: Uint8Array): string | undefined {
  const begins = (...magic: number[]) => magic.every((byte, at) => head[at] === byte);
  return begins(0x1f, 0x8b) ? "gzip" : begins(0x28, 0xb5, 0x2f, 0xfd) ? "zstd" : undefined;
}

/** Passes bytes on, unpacked if they are packed. */
async function feed(
  archive: Bytes | ReadableStream<Bytes>,
  stdin: WritableStream<Bytes>,
  signal?: AbortSignal,
): Promise<void> {
  const stream = archive instanceof Uint8Array ? ReadableStream.from([archive]) : archive;
  // a reader that gives up leaves the stream to whoever sent it
  const chunks = stream.values({ preventCancel: true });
  const head = new Uint8Array(4);
  const begun: Bytes[] = [];
  for (let known = 0; known < head.length;) {
    const { value, done } = await chunks.next();
    if (done) break;
    head.set(value.subarray(0, head.length - known), known);
    known += Math.min(value.length, head.length - known);
    begun.push(value);
  }
  const all = ReadableStream.from((async function* () {
    yield* begun;
    yield* chunks;
  })());
  const unpack = unpackerOf(head);
  if (unpack) await feedUnpacked(unpack, all, stdin, signal);
  else await all.pipeTo(stdin);
}

async function feedUnpacked(
  program: string,
  from: string | ReadableStream<Bytes>,
  stdin: WritableStream<Bytes>,
  signal?: AbortSignal,
): Promise<void> {
  const isFile = typeof from === "string";
  let child: Deno.ChildProcess;
  try {
    child = new Deno.Command(program, {
      args: ["-dcq", ...(isFile ? [from] : [])],
      stdin: isFile ? "null" : "piped",
      stdout: "piped",
      stderr: "piped",
      signal,
    }).spawn();
  } catch (cause) {
    await stdin.close().catch(() => {});
    throw new Error(`${program} does not start; install it with "apt-get install ${program}"`, { cause });
  }
  const stderr = new Response(child.stderr).text();
  const sent = isFile ? Promise.resolve() : from.pipeTo(child.stdin).catch(() => {});
  await child.stdout.pipeTo(stdin);
  await sent;
  const { success } = await child.status;
  if (!success) throw new Error((await stderr).trim() || `${program} failed`);
}

/** `unpacking NAME (sha256:…)...done`, a line for each image. */
export function importedNames(output: string): string[] {
  return [...output.matchAll(/^unpacking (\S+) \(sha256:[0-9a-f]+\)/gm)].map((match) => match[1]);
}
