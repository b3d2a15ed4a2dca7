/**
 * The least of HTTP/1 that a probe needs: a request as bytes, and a reader that takes a response apart as it arrives
 * and knows when it is whole. A general client costs more CPU than the probe's whole budget.
 */
const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** Heads longer than this are not HTTP. */
const headLimit = 64 * 1024;

/** kubelet keeps this much of a body and stops reading. */
export const bodyLimit = 10 * 1024;

export interface HttpRequest {
  /** `host:port` as it goes into the Host header, unless `headers` has one. */
  authority: string;
  /** Path and query. */
  path: string;
  headers: readonly { name: string; value?: string }[];
}

/** The bytes of a GET. User-Agent and Accept have kubelet's defaults; an empty value leaves the header out. */
export function requestBytes(request: HttpRequest): Uint8Array {
  const given = request.headers.map(({ name, value = "" }) => ({ name: clean(name), value: clean(value) }));
  const named = (wanted: string) => given.filter(({ name }) => name.toLowerCase() === wanted);
  const host = named("host").at(-1)?.value || request.authority;
  const lines = [`GET ${request.path} HTTP/1.1`, `Host: ${host}`];
  if (named("user-agent").length === 0) lines.push("User-Agent: kube-probe/islet");
  if (named("accept").length === 0) lines.push("Accept: */*");
  for (const { name, value } of given) {
    const lower = name.toLowerCase();
    if (lower === "host" || lower === "connection" || name === "") continue;
    if (value === "" && (lower === "user-agent" || lower === "accept")) continue;
    lines.push(`${name}: ${value}`);
  }
  lines.push("Connection: close", "", "");
  return encoder.encode(lines.join("\r\n"));
}

/** A header's text can never start a line of its own. */
function clean(text: string): string {
  return text.replace(/[\r\n\0]+/g, " ").trim();
}

/** A path (with query) fit for a request line: leading slash, no fragment, everything unusual percent-encoded. */
export function requestPath(path: string | undefined): string {
  const bare = (path ?? "").split("#", 1)[0];
  const rooted = bare.startsWith("/") ? bare : `/${bare}`;
  return rooted.replace(
    /[^\x21-\x7e]|%(?![0-9a-fA-F]{2})|["<>\\^`{|}]/gu,
    (char) => char === "%" ? "%25" : escape(char),
  );
}

function escape(char: string): string {
  return [...encoder.encode(char)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`).join("");
}

/** The header lines that matter. */
const wanted = /^[ \t]*(content-length|transfer-encoding|location)[ \t]*:[ \t]*(.*?)[ \t]*\r?$/gim;

/**
 * Takes the bytes of one response, in any pieces. `push()` and `end()` answer whether the response is whole; both
 * throw when it is not HTTP.
 */
export class ResponseReader {
  status = 0;
  /** Where a redirect leads. */
  location: string | undefined;
  #head: Uint8Array = new Uint8Array();
  #inBody = false;
  #body: Uint8Array[] = [];
  #bodySize = 0;
  #length: number | "chunked" | "until-close" = "until-close";

  /** The first 10 KiB of the body. */
  get body(): string {
    const whole = concat(this.#body);
    return decoder.decode(this.#length === "chunked" ? unchunk(whole).data : whole).slice(0, bodyLimit);
  }

  push(bytes: Uint8Array): boolean {
    if (this.#inBody) return this.#take(bytes);
    this.#head = this.#head.length === 0 ? bytes.slice() : concat([this.#head, bytes]);
    while (true) {
      const end = headEnd(this.#head);
      if (end === undefined) {
        if (this.#head.length > headLimit) throw new Error("server response headers exceeded 65536 bytes; aborted");
        if (this.#head.length >= 5 && decoder.decode(this.#head.subarray(0, 5)) !== "HTTP/") this.#malformed();
        return false;
      }
      this.#parseHead(decoder.decode(this.#head.subarray(0, end)));
      this.#head = this.#head.subarray(end);
      // 100 Continue, 103 Early Hints: the real response follows.
      if (this.status >= 100 && this.status < 200 && this.status !== 101) continue;
      break;
    }
    this.#inBody = true;
    const first = this.#head;
    this.#head = new Uint8Array();
    if (this.status === 204 || this.status === 304 || this.#length === 0) return true;
    return this.#take(first);
  }

  /** The connection ended. */
  end(): boolean {
    if (!this.#inBody) throw new Error(this.#head.length === 0 ? "EOF" : "unexpected EOF");
    if (this.#length !== "until-close") throw new Error("unexpected EOF");
    return true;
  }

  #take(bytes: Uint8Array): boolean {
    if (bytes.length > 0) {
      this.#body.push(bytes.slice());
      this.#bodySize += bytes.length;
    }
    if (this.#length === "chunked") return this.#bodySize >= 2 * bodyLimit || unchunk(concat(this.#body)).whole;
    return this.#bodySize >= (this.#length === "until-close" ? bodyLimit : Math.min(this.#length, bodyLimit));
  }

  #parseHead(head: string): void {
    const match = /^HTTP\/\d(?:\.\d)? (\d{3})(?: |\r?$)/m.exec(head);
    if (match?.index !== 0) this.#malformed(head.split(/\r?\n/, 1)[0]);
    this.status = Number(match![1]);
    let length: string | undefined, encoding = "";
    this.location = undefined;
    for (const [, name, value] of head.matchAll(wanted)) {
      const header = name.toLowerCase();
      if (header === "location") this.location = value;
      else if (header === "content-length") length = value;
      else encoding = value;
    }
    if (/\bchunked\b/i.test(encoding)) this.#length = "chunked";
    else if (length !== undefined && /^\d+$/.test(length)) this.#length = Number(length);
    else this.#length = "until-close";
  }

  #malformed(line = decoder.decode(this.#head).split(/\r?\n/, 1)[0]): never {
    throw new Error(`malformed HTTP response ${JSON.stringify(line.slice(0, 100))}`);
  }
}

/** Where the head ends: behind its empty line. */
function headEnd(bytes: Uint8Array): number | undefined {
  for (let at = bytes.indexOf(10); at !== -1; at = bytes.indexOf(10, at + 1)) {
    if (bytes[at + 1] === 10) return at + 2;
    if (bytes[at + 1] === 13 && bytes[at + 2] === 10) return at + 3;
  }
  return undefined;
}

/** What a chunked body says so far, and whether its last chunk is there. */
function unchunk(bytes: Uint8Array): { data: Uint8Array; whole: boolean } {
  const parts: Uint8Array[] = [];
  let at = 0;
  while (true) {
    const lineEnd = bytes.indexOf(10, at);
    if (lineEnd === -1) return { data: concat(parts), whole: false };
    const size = parseInt(decoder.decode(bytes.subarray(at, lineEnd)), 16);
    if (!Number.isFinite(size)) throw new Error("invalid byte in chunk length");
    if (size === 0) return { data: concat(parts), whole: true };
    const start = lineEnd + 1;
    parts.push(bytes.subarray(start, Math.min(start + size, bytes.length)));
    if (start + size + 2 > bytes.length) return { data: concat(parts), whole: false };
    at = start + size + 2;
  }
}

function concat(parts: Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0];
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
