/**
 * Opens a URL of a runtime's streaming server: an HTTP/1.1 request that asks for another protocol on the connection. What
 * comes back is the raw connection, and a reader that has what came with the answer's head.
 */
import { ByteReader, bytesOf, closeQuietly, PendingWrites, StreamError, writeAll } from "./bytes.ts";

export interface UpgradeRequest {
  method?: "GET" | "POST";
  /** Besides Host and Connection. A name may be there more than once. */
  headers: readonly (readonly [name: string, value: string])[];
  /** Ends the connection at any time. */
  signal?: AbortSignal;
  /** Where to connect to, if not to the URL's host. */
  connect?: () => Promise<Deno.Conn>;
}

/** A connection that speaks another protocol now. */
export interface UpgradedConnection {
  /** Of the answer. */
  headers: Headers;
  reader: ByteReader;
  write(data: Uint8Array): Promise<void>;
  /** Says that no more will be written; what comes can be read on. */
  endWrite(): Promise<void>;
  /** Ends the connection at once. */
  close(): void;
}

/** The server answered with something else; the URL is used up. */
export class UpgradeRefusedError extends StreamError {
  override name = "UpgradeRefusedError";
  constructor(readonly status: number, readonly headers: Headers, readonly said: string) {
    super(`Cannot open a stream: HTTP status ${status}${said ? `: ${said}` : ""}`);
  }
}

const longestAnswer = 64 * 1024;

/** Throws an UpgradeRefusedError for any answer but 101, the signal's reason, or a StreamError. */
export async function openUpgrade(url: string, request: UpgradeRequest): Promise<UpgradedConnection> {
  const { method = "GET", headers, signal, connect } = request;
  signal?.throwIfAborted();
  const { pathname, search, host } = new URL(url);
  const connection = await (connect ?? (() => dial(url)))().catch((err) => {
    throw new StreamError(`Cannot connect to ${host}: ${err.message}`, { cause: err });
  });
  const writes = new PendingWrites();
  const close = () => {
    signal?.removeEventListener("abort", close);
    writes.close();
    closeQuietly(connection);
  };
  signal?.addEventListener("abort", close, { once: true });
  try {
    signal?.throwIfAborted();
    const lines = [["Host", host], ["Connection", "Upgrade"], ...headers].map(([name, value]) => `${name}: ${value}`);
    const head = [`${method} ${pathname}${search} HTTP/1.1`, ...lines, "", ""].join("\r\n");
    await writes.until(writeAll(connection, new TextEncoder().encode(head)));
    const reader = new ByteReader(bytesOf(connection));
    const answer = readAnswer(await reader.readHead());
    if (answer.status !== 101) throw new UpgradeRefusedError(answer.status, answer.headers, await body(reader, answer));
    return {
      headers: answer.headers,
      reader,
      write: (data) => writes.until(writeAll(connection, data)),
      endWrite: () => writes.until(connection.closeWrite()),
      close,
    };
  } catch (err) {
    close();
    signal?.throwIfAborted();
    if (err instanceof UpgradeRefusedError) throw err;
    throw new StreamError(`Cannot open a stream at ${host}: ${(err as Error).message}`, { cause: err });
  }
}

async function dial(url: string): Promise<Deno.Conn> {
  const { protocol, hostname, port } = new URL(url);
  const secure = protocol === "https:" || protocol === "wss:";
  const address = { hostname: hostname.replace(/^\[|\]$/g, ""), port: Number(port || (secure ? 443 : 80)) };
  if (secure) return await Deno.connectTls(address);
  const connection = await Deno.connect(address);
  // a handshake is several small writes: they would wait for each other's acknowledgement
  connection.setNoDelay(true);
  return connection;
}

interface Answer {
  status: number;
  headers: Headers;
}

function readAnswer(head: string): Answer {
  const [statusLine, ...lines] = head.split("\r\n");
  const headers = new Headers();
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon > 0) headers.append(line.slice(0, colon).trim(), line.slice(colon + 1).trim());
  }
  return { status: Number(statusLine.split(" ")[1]), headers };
}

/** What a refusal says; as much of it as came. */
async function body(reader: ByteReader, { headers }: Answer): Promise<string> {
  const chunked = headers.get("transfer-encoding")?.toLowerCase() === "chunked";
  const length = Math.min(Number(headers.get("content-length") ?? 0), longestAnswer);
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  if (!chunked) return decode(await reader.read(length).catch(() => new Uint8Array())).trim();
  let said = "";
  while (said.length < longestAnswer) {
    let line = "";
    while (!line.endsWith("\r\n")) line += decode(await reader.read(1));
    const size = parseInt(line, 16);
    if (!(size > 0) || size > longestAnswer) break;
    said += decode(await reader.read(size));
    await reader.read(2);
  }
  return said.trim();
}
