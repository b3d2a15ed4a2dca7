/**
 * The manifest files as last read: what each says, or why it says nothing. Only reading and remembering; which object
 * is taken from where is decided in `claims.ts`.
 *
 * A file is read again when its stat changed or an event named it, and parsed again when its content changed. One that
 * cannot be read or parsed keeps what it said last. One that is gone is kept for a moment as `vanished`: editors, git
 * and install(1) replace a file by removing it first.
 */
import { createHash } from "node:crypto";
import { basename } from "node:path";
import type { StoreObject } from "../store/mod.ts";
import type { ManifestHashes } from "../objects/mod.ts";
import { movedTo } from "./annotations.ts";
import type { FileView } from "./claims.ts";
import type { ParsedFile, Parser } from "./parse.ts";
import type { Problem } from "./types.ts";

/** As kube-apiserver limits a request, and kubelet a manifest. */
export const maxFileSize = 1024 * 1024;

interface FileState extends FileView {
  /** Why the file says nothing; warnings where it says something. */
  problems: Problem[];
  /** inode, size and times at the last reading. */
  signature?: string;
  content?: string;
}

/** What a reading changed: the content is new to us. `problems` are to be told once. */
export interface Reading {
  path: string;
  state: FileView["state"];
  problems: Problem[];
}

/** Objects as they are to be stored. */
export type Prepare = (object: StoreObject, path: string, hashes: ManifestHashes | undefined) => StoreObject;

export class ManifestFiles {
  #files = new Map<string, FileState>();

  constructor(private parse: Parser, private prepare: Prepare) {}

  views(): FileView[] {
    return [...this.#files.values()];
  }

  problems(): Problem[] {
    return [...this.#files.values()].flatMap(({ problems }) => problems);
  }

  /** The paths that are known, vanished ones included. */
  paths(): string[] {
    return [...this.#files.keys()];
  }

  /** Whether a file is held as vanished. */
  hasVanished(): boolean {
    return this.views().some(({ state }) => state === "vanished");
  }

  /** Holds a file that is not there. */
  vanish(path: string): void {
    const file = this.#files.get(path);
    if (file) file.state = "vanished";
  }

  /** Gives up the vanished. */
  forgetVanished(): void {
    for (const [path, { state }] of this.#files) if (state === "vanished") this.#files.delete(path);
  }

  /**
   * Reads a file if its stat differs from the last reading, or in any case when `changed`. Returns what is new,
   * undefined when nothing is.
   */
  async read(path: string, changed: boolean): Promise<Reading | undefined> {
    const known = this.#files.get(path);
    let stat: Deno.FileInfo;
    try {
      stat = Deno.statSync(path);
    } catch (err) {
      if (!(err instanceof Deno.errors.NotFound)) return this.#break(path, cannotRead(path, err), String(err));
      if (await isLink(path)) {
        return this.#break(path, cannotRead(path, "it is a symbolic link to nothing"), "dangling");
      }
      this.vanish(path);
      return undefined;
    }
    if (!stat.isFile) {
      // A directory, socket or FIFO is no manifest; opening a FIFO would wait for its writer.
      this.vanish(path);
      return undefined;
    }
    const signature = [stat.dev, stat.ino, stat.size, stat.mtime?.getTime(), stat.ctime?.getTime()].join(" ");
    if (!changed && known && known.signature === signature && known.state !== "vanished") return undefined;
    if (stat.size > maxFileSize) {
      return this.#break(
        path,
        cannotRead(path, `it has ${stat.size} bytes, more than ${maxFileSize}`),
        signature,
        signature,
      );
    }
    let bytes: Uint8Array;
    try {
      bytes = await Deno.readFile(path);
    } catch (err) {
      return this.#break(path, cannotRead(path, err), String(err));
    }
    const content = createHash("sha256").update(bytes).digest("base64");
    if (known && known.content === content) {
      known.signature = signature;
      known.state = known.problems.some(({ severity }) => severity === "error") ? "broken" : "ok";
      return undefined;
    }
    // What a power cut leaves of a file that was being written: nothing, or zeros. Removing pods takes removing the file.
    if (bytes.every((byte) => byte === 0)) {
      return this.#break(path, cannotRead(path, "it is empty"), content, signature);
    }
    let text: string;
    try {
      text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    } catch {
      return this.#break(path, cannotRead(path, "it is not UTF-8 text"), content, signature);
    }
    let parsed: ParsedFile;
    try {
      parsed = await this.parse(text, path);
    } catch (err) {
      return this.#break(path, cannotRead(path, err), content, signature);
    }
    if (parsed.errors.length > 0) return this.#break(path, [...parsed.errors, ...parsed.warnings], content, signature);
    const objects = parsed.objects.map((object, index) => this.prepare(object, path, parsed.hashes?.[index]));
    this.#files.set(path, { path, state: "ok", objects, problems: parsed.warnings, signature, content });
    return { path, state: "ok", problems: parsed.warnings };
  }

  /** Records why a file says nothing, keeping what it said last; undefined when that is known already. */
  #break(path: string, problems: Problem[], content: string, signature?: string): Reading | undefined {
    const known = this.#files.get(path);
    const told = known?.content === content;
    const renamed = known ? undefined : this.#sameBroken(content);
    this.#files.set(path, {
      path,
      state: "broken",
      objects: known?.objects ?? renamed?.objects?.map((object) => movedTo(object, path)),
      formerly: known?.formerly ?? (renamed && (renamed.formerly ?? renamed.path)),
      problems,
      content,
      signature,
    });
    return told ? undefined : { path, state: "broken", problems };
  }

  /** The vanished file that a broken one of the same content was before it was renamed. */
  #sameBroken(content: string): FileState | undefined {
    return [...this.#files.values()].find((file) => file.state === "vanished" && file.content === content);
  }
}

function cannotRead(file: string, reason: unknown): Problem[] {
  let text = String(reason instanceof Error ? reason.message : reason);
  if (reason instanceof Deno.errors.FilesystemLoop) text = "its symbolic links go round in a circle";
  else if (reason instanceof Deno.errors.PermissionDenied) text = "permission denied";
  return [{ file, severity: "error", message: `Cannot read ${basename(file)}: ${text}` }];
}

async function isLink(path: string): Promise<boolean> {
  try {
    return (await Deno.lstat(path)).isSymlink;
  } catch {
    return false;
  }
}
