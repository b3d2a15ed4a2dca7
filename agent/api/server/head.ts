/**
 * Heads of HTTP/1.1 messages as pure functions: a request's line and headers from bytes, a response's to bytes. Strict
 * where laxness has let requests be smuggled (RFC 9112): no bare line feeds, no folded lines, no two lengths.
 */
import { Buffer } from "node:buffer";

/** A head that cannot be taken; the connection ends with this status. */
export class HeadError extends Error {
  override readonly name = "HeadError";
  constructor(readonly code: 400 | 405 | 413 | 414 | 417 | 431, message: string) {
    super(message);
  }
}

export interface RequestHead {
  method: string;
  target: string;
  /** 0 for HTTP/1.0. */
  minor: 0 | 1;
  headers: Headers;
  /** What follows the head. */
  body: { type: "none" } | { type: "length"; length: number } | { type: "chunked" };
  /** Whether the client waits for `100 Continue` before it sends the body. */
  expectsContinue: boolean;
  /** Whether another request may follow on the connection. */
  keepAlive: boolean;
  /** The protocol that the client wants to go over to. */
  upgrade: string | undefined;
}

const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
// deno-lint-ignore no-control-regex
const controls = /[\x00-\x08\x0a-\x1f\x7f]/;

/** Where a head ends: the index behind its empty line, or -1. `from`: what is known not to hold the end. */
export function headEnd(bytes: Uint8Array, from = 0): number {
  for (let at = bytes.indexOf(10, from); at >= 0; at = bytes.indexOf(10, at + 1)) {
    if (at >= 3 && bytes[at - 1] === 13 && bytes[at - 2] === 10 && bytes[at - 3] === 13) return at + 1;
    // bare line feeds end a head as well, and make it wrong
    if (at >= 1 && bytes[at - 1] === 10) return at + 1;
  }
  return -1;
}

/** Bytes as text, a character each. TextDecoder's latin1 is windows-1252, whose characters no header may hold. */
function latin1Text(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
}

/** Reads a whole head. @throws {HeadError} */
export function parseHead(bytes: Uint8Array, maxHeaders: number): RequestHead {
  const lines = latin1Text(bytes).split("\r\n");
  const line = lines[0];
  if (lines.length < 3 || lines.at(-1) !== "" || lines.at(-2) !== "") {
    throw new HeadError(400, "lines must end with CR LF");
  }
  if (line === "PRI * HTTP/2.0") throw new HeadError(400, "HTTP/2 is not spoken here");
  const [method, target, version, more] = line.split(" ");
  if (more !== undefined || !target || !token.test(method) || !/^HTTP\/\d\.\d$/.test(version ?? "")) {
    throw new HeadError(400, "the request's first line is malformed");
  }
  if (controls.test(line)) throw new HeadError(400, "the request's first line is malformed");
  if (!/^[A-Z-]+$/.test(method)) throw new HeadError(405, "this method is not known");
  if (version !== "HTTP/1.1" && version !== "HTTP/1.0") throw new HeadError(400, `${version} is not spoken here`);
  const minor = version === "HTTP/1.1" ? 1 : 0;
  if (lines.length - 3 > maxHeaders) throw new HeadError(431, `there are more than ${maxHeaders} headers`);
  const headers = new Headers();
  let hosts = 0, lengths = 0;
  for (const each of lines.slice(1, -2)) {
    const colon = each.indexOf(":");
    const name = each.slice(0, colon);
    const value = trimmed(each, colon + 1);
    if (colon <= 0 || !token.test(name) || controls.test(value)) throw new HeadError(400, "a header is malformed");
    const lower = name.toLowerCase();
    if (lower === "host") hosts++;
    if (lower === "content-length") lengths++;
    headers.append(lower, value);
  }
  if (hosts > 1 || hosts === 0 && minor === 1) throw new HeadError(400, "there must be one Host header");
  if (lengths > 1) throw new HeadError(400, "there is more than one Content-Length");
  const connection = listOf(headers, "connection");
  const body = bodyOf(headers, minor);
  // the other protocol begins right behind the head: with a body between, the offer is passed over
  const mayUpgrade = connection.includes("upgrade") && body.type === "none";
  const upgrade = mayUpgrade ? headers.get("upgrade")?.toLowerCase() : undefined;
  const expect = headers.get("expect")?.toLowerCase();
  if (expect !== undefined && expect !== "100-continue") throw new HeadError(417, "this expectation cannot be met");
  return {
    method,
    target,
    minor,
    headers,
    body,
    expectsContinue: expect !== undefined && minor === 1,
    keepAlive: minor === 1 && !connection.includes("close"),
    upgrade: upgrade || undefined,
  };
}

/** What follows `start`, without the white space around it. A regular expression would go over long runs again and again. */
function trimmed(text: string, start: number): string {
  const isBlank = (at: number) => text[at] === " " || text[at] === "\t";
  let end = text.length;
  while (start < end && isBlank(start)) start++;
  while (end > start && isBlank(end - 1)) end--;
  return text.slice(start, end);
}

function listOf(headers: Headers, name: string): string[] {
  return (headers.get(name) ?? "").toLowerCase().split(",").map((each) => each.trim());
}

function bodyOf(headers: Headers, minor: number): RequestHead["body"] {
  const coding = headers.get("transfer-encoding");
  const length = headers.get("content-length");
  if (coding !== null) {
    if (length !== null || minor === 0) throw new HeadError(400, "Transfer-Encoding must be the only length");
    if (coding.toLowerCase() !== "chunked") throw new HeadError(400, "only the transfer coding chunked is known");
    return { type: "chunked" };
  }
  if (length === null) return { type: "none" };
  const value = Number(length);
  if (!/^\d+$/.test(length) || !Number.isSafeInteger(value)) throw new HeadError(400, "Content-Length is no number");
  return value === 0 ? { type: "none" } : { type: "length", length: value };
}

export const reasons: Readonly<Record<number, string>> = {
  100: "Continue",
  101: "Switching Protocols",
  200: "OK",
  201: "Created",
  202: "Accepted",
  204: "No Content",
  206: "Partial Content",
  301: "Moved Permanently",
  302: "Found",
  304: "Not Modified",
  307: "Temporary Redirect",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  406: "Not Acceptable",
  408: "Request Timeout",
  409: "Conflict",
  410: "Gone",
  413: "Payload Too Large",
  414: "URI Too Long",
  415: "Unsupported Media Type",
  416: "Range Not Satisfiable",
  417: "Expectation Failed",
  422: "Unprocessable Entity",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  501: "Not Implemented",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
  505: "HTTP Version Not Supported",
  507: "Insufficient Storage",
};

/** A head as text, in latin1; values cannot break out of their line. */
export function responseHead(code: number, headers: Iterable<[string, string]>): string {
  let text = `HTTP/1.1 ${code} ${reasons[code] ?? "Status"}\r\n`;
  // deno-lint-ignore no-control-regex
  for (const [name, value] of headers) text += `${name}: ${value.replace(/[\r\n\x00]+/g, " ")}\r\n`;
  return text + "\r\n";
}

/** Text whose characters are bytes. */
export function latin1Bytes(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at);
  return bytes;
}
