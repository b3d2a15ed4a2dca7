/**
 * Brings image archives into containerd. CRI has no call for it, so containerd's own client does the work as a child process, in
 * the namespace that its CRI plugin uses. Compressed archives are unpacked by a second child on the way in; nothing is written
 * to disk twice.
 */
import { errorText } from "../telemetry/log.ts";

/** What preloading asks for; the real one is {@linkcode CtrImporter}. */
export interface ImageImporter {
  /** Imports an archive file or bytes; returns the names of the images in it. */
  import(archive: string | Uint8Array<ArrayBuffer>, signal?: AbortSignal): Promise<string[]>;
}

export interface CtrImporterOptions {
  /** containerd's socket. */
  socket: string;
  /** The CRI plugin's snapshotter. */
  snapshotter?: string;
  /** containerd's major version: from 2 on, `ctr` needs `--local` to unpack and report as before. */
  major?: number;
}

/** The label by which containerd 1.7 and later, and the kubelets on them, leave an image alone. */
const pinned = "io.cri-containerd.pinned=pinned";

export class CtrImporter implements ImageImporter {
  constructor(readonly options: CtrImporterOptions) {}

  async import(archive: string | Uint8Array<ArrayBuffer>, signal?: AbortSignal): Promise<string[]> {
    const { snapshotter, major = 1 } = this.options;
    const unpack = typeof archive === "string" ? decompressor(archive) : undefined;
    const source = typeof archive === "string" && !unpack ? archive : "-";
    const what = typeof archive === "string" ? archive : "an image archive";
    const output = await this.#ctr(
      ["import", ...(major >= 2 ? ["--local"] : []), ...(snapshotter ? ["--snapshotter", snapshotter] : []), source],
      what,
      signal,
      unpack ? { program: unpack, file: archive as string } : typeof archive === "string" ? undefined : archive,
    );
    const names = importedNames(output);
    if (names.length === 0) throw new Error(`Cannot import ${what}: ctr named no image in it`);
    for (const name of names) await this.#ctr(["label", name, pinned], what, signal);
    return names;
  }

  async #ctr(
    args: string[],
    what: string,
    signal?: AbortSignal,
    input?: Uint8Array<ArrayBuffer> | { program: string; file: string },
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
    const fed = input ? feed(ctr.stdin, input, signal).then(() => undefined, (err) => err) : Promise.resolve(undefined);
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
function decompressor(file: string): string | undefined {
  return file.endsWith(".gz") || file.endsWith(".tgz") ? "gzip" : file.endsWith(".zst") ? "zstd" : undefined;
}

async function feed(
  stdin: WritableStream<Uint8Array<ArrayBuffer>>,
  input: Uint8Array<ArrayBuffer> | { program: string; file: string },
  signal?: AbortSignal,
): Promise<void> {
  if (input instanceof Uint8Array) {
    const writer = stdin.getWriter();
    await writer.write(input);
    await writer.close();
    return;
  }
  const { program, file } = input;
  let child: Deno.ChildProcess;
  try {
    child = new Deno.Command(program, { args: ["-dcq", file], stdout: "piped", stderr: "piped", signal }).spawn();
  } catch (cause) {
    await stdin.close().catch(() => {});
    throw new Error(`${program} does not start; install it with "apt-get install ${program}"`, { cause });
  }
  const stderr = new Response(child.stderr).text();
  await child.stdout.pipeTo(stdin);
  const { success } = await child.status;
  if (!success) throw new Error((await stderr).trim() || `${program} failed`);
}

/** `unpacking NAME (sha256:…)...done`, a line for each image. */
export function importedNames(output: string): string[] {
  return [...output.matchAll(/^unpacking (\S+) \(sha256:[0-9a-f]+\)/gm)].map((match) => match[1]);
}
