/**
 * `/logs/`: directories and files of the machine's log directory, as Go's file server shows them. Where pods' logs lie
 * elsewhere they are shown at `/logs/pods/`, their usual place.
 *
 * What is opened lies beneath the directory, whatever symbolic links there are; only regular files are read.
 */
import { join, relative } from "node:path";
import type { Context } from "hono";
import { type Fd, fstat, isErrno, lstatAt, O, openBeneath, openPath, readEntries } from "../../linux/mod.ts";
import type { AppEnv } from "../request.ts";
import { httpError } from "./answers.ts";
import { contentType } from "./content_type.ts";
import type { KubeletDeps } from "./deps.ts";
import { chooseRange } from "./range.ts";

const prefix = "/logs/";
const pieceSize = 64 * 1024;

export function showSystemLogs({ config, systemLogDir = "/var/log" }: Pick<KubeletDeps, "config" | "systemLogDir">) {
  const elsewhere = relative(systemLogDir, config.podLogsDir) !== "pods";
  return (c: Context<AppEnv>): Response => {
    const path = pathOf(c.req.path);
    if (path === undefined) return httpError("invalid URL path", 400);
    const [first, ...rest] = path.split("/");
    const inPods = elsewhere && first === "pods";
    const root = inPods ? config.podLogsDir : systemLogDir;
    try {
      using directory = openPath(root, O.PATH | O.DIRECTORY);
      using found = openInside(directory, root, inPods ? rest.join("/") : path);
      const { type } = fstat(found);
      if (type === "directory") {
        if (path !== "" && !path.endsWith("/")) return redirect(`${lastName(path)}/`);
        return listing(found, elsewhere && path === "" ? ["pods/"] : []);
      }
      if (path.endsWith("/")) return redirect(`../${lastName(path)}`);
      // a pipe would block and a device is nobody's log
      if (type !== "file") return httpError("403 Forbidden", 403);
      return content(found, lastName(path), c.req.raw.headers);
    } catch (err) {
      if (isErrno(err, "ENOENT", "ENOTDIR", "ENAMETOOLONG")) return httpError("404 page not found", 404);
      if (isErrno(err, "EACCES", "EPERM", "EXDEV", "ELOOP")) return httpError("403 Forbidden", 403);
      throw err;
    }
  };
}

/** Who writes a log may write a page into it, and it would be of the API's own origin: nothing in it may run. */
const harmless = { "content-security-policy": "sandbox; default-src 'none'", "x-content-type-options": "nosniff" };

/** The path below the directory, decoded; undefined where it could not be a name of a file. */
function pathOf(path: string): string | undefined {
  try {
    const decoded = decodeURIComponent(path.slice(prefix.length));
    const parts = decoded.split("/");
    return decoded.includes("\0") || parts.includes("..") ? undefined : decoded;
  } catch {
    return undefined;
  }
}

/** A link with a whole path, such as log collectors have them, is followed where it leads back into the directory. */
function openInside(directory: Fd, root: string, path: string): Fd {
  try {
    return openBeneath(directory, path === "" ? "." : path.replace(/\/+$/, ""));
  } catch (err) {
    if (!isErrno(err, "EXDEV")) throw err;
    const real = relative(Deno.realPathSync(root), Deno.realPathSync(join(root, path)));
    if (real.startsWith("..") || real.startsWith("/")) throw err;
    return openBeneath(directory, real === "" ? "." : real);
  }
}

function listing(directory: Fd, more: string[]): Response {
  using opened = openPath(directory.procPath, O.RDONLY | O.DIRECTORY);
  const names = new Set(more);
  const decoder = new TextDecoder();
  for (let batch = readEntries(opened); batch.length > 0; batch = readEntries(opened)) {
    for (const { name, type } of batch) {
      const text = decoder.decode(name);
      const kind = type === "unknown" ? lstatAt(opened, name).type : type;
      names.add(kind === "directory" ? `${text}/` : text);
    }
  }
  const lines = [...names].sort().map((name) => {
    // "./" keeps a name with a colon from being read as a scheme
    const href = encodeURI(name).replace(/[?#]/g, encodeURIComponent);
    return `<a href="${escaped(/^[^/]*:/.test(href) ? `./${href}` : href)}">${escaped(name)}</a>\n`;
  });
  const head = `<!doctype html>\n<meta name="viewport" content="width=device-width">\n<pre>\n`;
  const type = "text/html; charset=utf-8";
  return new Response(`${head}${lines.join("")}</pre>\n`, { headers: { ...harmless, "content-type": type } });
}

function content(found: Fd, name: string, headers: Headers): Response {
  const file = Deno.openSync(found.procPath);
  try {
    const { size, mtime } = file.statSync();
    const since = Date.parse(headers.get("if-modified-since") ?? "");
    const modified = mtime ? Math.floor(mtime.getTime() / 1000) * 1000 : undefined;
    const answer: Record<string, string> = {
      ...harmless,
      "accept-ranges": "bytes",
      "content-type": contentType(name, file),
      ...(modified === undefined ? {} : { "last-modified": new Date(modified).toUTCString() }),
    };
    if (modified !== undefined && since >= modified && !headers.has("range")) {
      file.close();
      return new Response(null, { status: 304, headers: { "last-modified": answer["last-modified"] } });
    }
    const range = chooseRange(headers.get("range"), size);
    if (range === "unsatisfiable") {
      file.close();
      const refusal = httpError("invalid range: failed to overlap", 416);
      refusal.headers.set("content-range", `bytes */${size}`);
      return refusal;
    }
    const { start, end } = range ?? { start: 0, end: size };
    file.seekSync(start, Deno.SeekMode.Start);
    answer["content-length"] = String(end - start);
    if (range) answer["content-range"] = `bytes ${start}-${end - 1}/${size}`;
    return new Response(bytes(file, end - start), { status: range ? 206 : 200, headers: answer });
  } catch (err) {
    try {
      file.close();
    } catch { /* closed already */ }
    throw err;
  }
}

/** So many bytes of the file, or as many as there still are: a log may be cut meanwhile. */
function bytes(file: Deno.FsFile, left: number): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const buffer = new Uint8Array(Math.min(left, pieceSize));
      const read = left === 0 ? null : await file.read(buffer);
      if (read === null) {
        file.close();
        if (left > 0) return controller.error(new Error("Cannot read the file: it was cut meanwhile"));
        return controller.close();
      }
      left -= read;
      controller.enqueue(buffer.subarray(0, read));
    },
    cancel: () => file.close(),
  }, { highWaterMark: 0 });
}

function lastName(path: string): string {
  return encodeURIComponent(path.replace(/\/+$/, "").split("/").at(-1)!);
}

function redirect(location: string): Response {
  return new Response(null, { status: 301, headers: { location } });
}

function escaped(text: string): string {
  const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&#34;", "'": "&#39;" };
  return text.replace(/[&<>"']/g, (character) => entities[character]);
}
