/**
 * One call of grpc.health.v1.Health/Check over plain-text HTTP/2, as the gRPC probe makes it.
 *
 * `fetch` reaches a gRPC server but hides trailers, and a health check does not need them: a healthy server's answer
 * is a message whose status is SERVING, and every error that comes without a message comes in the headers.
 */
import { joinHostPort, networkErrorText } from "./target.ts";
import type { ProbeOutcome } from "./types.ts";

const servingStatus = ["UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"];

/** gRPC's code names, as Go prints them. */
const codeNames = [
  "OK",
  "Canceled",
  "Unknown",
  "InvalidArgument",
  "DeadlineExceeded",
  "NotFound",
  "AlreadyExists",
  "PermissionDenied",
  "ResourceExhausted",
  "FailedPrecondition",
  "Aborted",
  "OutOfRange",
  "Unimplemented",
  "Internal",
  "Unavailable",
  "DataLoss",
  "Unauthenticated",
];

/** Everything but SERVING is a failure, never an error, as with kubelet. */
export async function grpcHealth(
  options: { host: string; port: number; service: string; timeoutText: string; signal: AbortSignal },
): Promise<ProbeOutcome> {
  const { host, port, service, timeoutText, signal } = options;
  const address = joinHostPort(host, port);
  const failure = (message: string): ProbeOutcome => ({ result: "failure", message });
  // The explicit target also keeps the probe away from any proxy that the environment names.
  const client = Deno.createHttpClient({
    http1: false,
    http2: true,
    poolMaxIdlePerHost: 0,
    proxy: { transport: "tcp", hostname: host, port },
  });
  try {
    const response = await call(address, host, {
      method: "POST",
      client,
      signal,
      redirect: "manual",
      headers: { "content-type": "application/grpc+proto", te: "trailers", "user-agent": "kube-probe/islet" },
      body: checkRequest(service) as Uint8Array<ArrayBuffer>,
    });
    const body = new Uint8Array(await response.arrayBuffer());
    const code = Number(response.headers.get("grpc-status") ?? NaN);
    if (code > 0) {
      const text = decodeMessage(response.headers.get("grpc-message") ?? "");
      if (code === 12) {
        return failure(
          `error: this server does not implement the grpc health protocol (grpc.health.v1.Health): ${text}`,
        );
      }
      const name = codeNames[code] ?? `Code(${code})`;
      return failure(`error: health rpc probe failed: rpc error: code = ${name} desc = ${text}`);
    }
    if (!response.ok || !/^application\/grpc\b/.test(response.headers.get("content-type") ?? "")) {
      const kind = response.headers.get("content-type") ?? "";
      return failure(
        `error: health rpc probe failed: rpc error: code = Unknown desc = unexpected HTTP status code received from ` +
          `server: ${response.status}; content-type ${JSON.stringify(kind)}`,
      );
    }
    const status = responseStatus(body);
    if (status === undefined) {
      return failure("error: health rpc probe failed: rpc error: code = Internal desc = no whole message received");
    }
    if (status === 1) return { result: "success", message: "service healthy" };
    return failure(`service unhealthy (responded with ${JSON.stringify(servingStatus[status] ?? String(status))})`);
  } catch (err) {
    if (signal.aborted) return failure(`timeout: health rpc did not complete within ${timeoutText}`);
    const what = innermost(err);
    return failure(`error: failed to connect service at ${JSON.stringify(address)}: ${networkErrorText(what)}`);
  } finally {
    client.close();
  }
}

/** fetch refuses some ports by number (the web's "bad ports"); the connection goes where the client says in any case. */
async function call(address: string, host: string, init: RequestInit & { client: Deno.HttpClient }): Promise<Response> {
  const url = (authority: string) => `http://${authority}/grpc.health.v1.Health/Check`;
  try {
    return await fetch(url(address), init);
  } catch (err) {
    if (!/blocked/.test(String(err))) throw err;
    return await fetch(url(host.includes(":") ? `[${host}]` : host), init);
  }
}

/** A length-prefixed HealthCheckRequest { service = 1 }. */
export function checkRequest(service: string): Uint8Array {
  const name = new TextEncoder().encode(service);
  const length: number[] = [];
  for (let left = name.length; left > 0; left >>>= 7) length.push(left > 0x7f ? (left & 0x7f) | 0x80 : left);
  const message = name.length === 0 ? [] : [0x0a, ...length, ...name];
  const size = message.length;
  return new Uint8Array([0, size >>> 24, (size >>> 16) & 255, (size >>> 8) & 255, size & 255, ...message]);
}

/**
 * The status field of a length-prefixed HealthCheckResponse { status = 1 }; undefined when `body` is not one whole
 * uncompressed message.
 */
export function responseStatus(body: Uint8Array): number | undefined {
  if (body.length < 5 || body[0] !== 0) return undefined;
  const size = new DataView(body.buffer, body.byteOffset).getUint32(1);
  if (body.length !== 5 + size) return undefined;
  let at = 5;
  let status = 0;
  const varint = (): number | undefined => {
    let value = 0;
    for (let shift = 0; at < body.length && shift < 70; shift += 7) {
      const byte = body[at++];
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    return undefined;
  };
  while (at < body.length) {
    const key = varint();
    if (key === undefined) return undefined;
    const wire = key & 7;
    if (wire === 0) {
      const value = varint();
      if (value === undefined) return undefined;
      if (key >>> 3 === 1) status = value;
    } else if (wire === 2) {
      const length = varint();
      if (length === undefined || at + length > body.length) return undefined;
      at += length;
    } else if (wire === 1 || wire === 5) {
      at += wire === 1 ? 8 : 4;
    } else return undefined;
  }
  return status;
}

function decodeMessage(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The failure at the root: fetch wraps it in several layers of "error sending request". */
function innermost(err: unknown): unknown {
  let at = err;
  while (at instanceof Error && at.cause !== undefined) at = at.cause;
  const text = at instanceof Error ? at.message : String(at);
  const known = /connection refused|connection reset|no route to host|network is unreachable|timed out/i.exec(text);
  return known ? new Error(`connect: ${known[0].toLowerCase()}`) : at;
}
