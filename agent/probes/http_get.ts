/**
 * An HTTP GET as kubelet's probes and hooks make it: one connection per request over a raw socket, certificates
 * accepted unseen, redirects followed on the same host only (at most ten requests), 10 KiB of the body read.
 */
import { bodyLimit, requestBytes, requestPath, ResponseReader } from "./http_response.ts";
import { connect, type Link } from "./link.ts";
import { joinHostPort, networkErrorText } from "./target.ts";

export interface HttpGetOptions {
  scheme: "http" | "https";
  host: string;
  port: number;
  path?: string;
  headers?: readonly { name: string; value?: string }[];
  signal: AbortSignal;
}

export interface HttpGetResponse {
  status: number;
  body: string;
}

/** kubelet's http.Client gives up at the eleventh request. */
const maxRequests = 10;

/**
 * Answers with the last response. Rejects, in the words of Go's http client, when there is none:
 * `Get "http://10.0.0.7:80/": dial tcp 10.0.0.7:80: connect: connection refused`.
 */
export async function httpGet(options: HttpGetOptions): Promise<HttpGetResponse> {
  let { scheme, host, port } = options;
  let path = requestPath(options.path);
  let headers = options.headers ?? [];
  for (let request = 1;; request++) {
    const url = `${scheme}://${joinHostPort(host, port)}${path}`;
    const response = await attempt(url, scheme, host, port, path, headers, options.signal);
    const location = redirects.has(response.status) ? response.location : undefined;
    if (!location) return { status: response.status, body: response.body };
    const next = URL.canParse(location, url) ? new URL(location, url) : undefined;
    if (!next || !/^https?:$/.test(next.protocol)) {
      throw new Error(`Get ${JSON.stringify(url)}: failed to parse Location header ${JSON.stringify(location)}`);
    }
    const nextHost = next.hostname.replace(/^\[|\]$/g, "");
    // To another host: not followed, the 3xx itself is the answer.
    if (nextHost !== new URL(url).hostname.replace(/^\[|\]$/g, "")) {
      return { status: response.status, body: response.body };
    }
    if (request >= maxRequests) {
      throw new Error(`Get ${JSON.stringify(next.href)}: stopped after ${maxRequests} redirects`);
    }
    // A Host header that the user chose lives on through relative redirects only.
    if (/^[a-z][a-z0-9+.-]*:|^\/\//i.test(location)) {
      headers = headers.filter(({ name }) => name.toLowerCase() !== "host");
    }
    scheme = next.protocol === "https:" ? "https" : "http";
    host = nextHost;
    port = next.port ? Number(next.port) : scheme === "https" ? 443 : 80;
    path = requestPath(next.pathname + next.search);
  }
}

const redirects = new Set([301, 302, 303, 307, 308]);

async function attempt(
  url: string,
  scheme: "http" | "https",
  host: string,
  port: number,
  path: string,
  headers: readonly { name: string; value?: string }[],
  signal: AbortSignal,
): Promise<ResponseReader> {
  const authority = port === (scheme === "https" ? 443 : 80) && !host.includes(":") ? host : joinHostPort(host, port);
  const fail = (what: string, cause?: unknown) => new Error(`Get ${JSON.stringify(url)}: ${what}`, { cause });
  let reader: ResponseReader | undefined;
  let link: Link | undefined, buffer: Uint8Array<ArrayBuffer> | undefined;
  const onAbort = () => link?.close();
  try {
    link = scheme === "https"
      ? await (await import("./tls_link.ts")).connectTls(host, port, signal)
      : await connect(host, port, signal);
    signal.throwIfAborted();
    signal.addEventListener("abort", onAbort);
    await link.write(requestBytes({ authority, path, headers }));
    reader = new ResponseReader();
    buffer = spare ?? new Uint8Array(bodyLimit + 2048);
    spare = undefined;
    while (true) {
      const count = await link.read(buffer);
      signal.throwIfAborted();
      if (count === null ? reader.end() : reader.push(buffer.subarray(0, count))) return reader;
    }
  } catch (err) {
    if (signal.aborted) {
      const awaiting = "(Client.Timeout exceeded while awaiting headers)";
      if (!link) throw fail(`dial tcp ${joinHostPort(host, port)}: i/o timeout ${awaiting}`, err);
      const inBody = (reader?.status ?? 0) >= 200;
      const doing = inBody ? "(Client.Timeout or context cancellation while reading body)" : awaiting;
      throw fail(`context deadline exceeded ${doing}`, err);
    }
    if (!link && !isPlainHttp(err)) throw fail(`dial tcp ${joinHostPort(host, port)}: ${networkErrorText(err)}`, err);
    throw fail(networkErrorText(err), err);
  } finally {
    signal.removeEventListener("abort", onAbort);
    link?.close();
    // a read that has not ended may still write into it
    if (!signal.aborted) spare = buffer;
  }
}

/** A buffer that nobody reads into. */
let spare: Uint8Array<ArrayBuffer> | undefined;

/** Whether an HTTPS request failed because the server speaks plain HTTP. */
export function isPlainHttp(err: unknown): boolean {
  return err instanceof Error && /^http: server gave HTTP response/.test(err.message) ||
    err instanceof Error && err.cause !== undefined && isPlainHttp(err.cause);
}
