/**
 * A TLS connection that accepts any certificate, as probes do: they ask whether a container answers, not who it is.
 * `Deno.connectTls` always verifies the chain, so this goes through node:tls; loaded only when an HTTPS probe runs.
 */
import { connect as tlsConnect } from "node:tls";
import { isIP } from "node:net";
import type { Link } from "./link.ts";

/** The server speaks, but not TLS. */
export class PlainHttpError extends Error {
  constructor(options: ErrorOptions) {
    super("http: server gave HTTP response to HTTPS client", options);
  }
}

/** Rejects when the connection or the handshake fails, or `signal` aborts. */
export function connectTls(host: string, port: number, signal: AbortSignal): Promise<Link> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const socket = tlsConnect({ host, port, rejectUnauthorized: false, ...(isIP(host) ? {} : { servername: host }) });
    const chunks: Uint8Array[] = [];
    let ended = false;
    let failure: Error | undefined;
    let wake: (() => void) | undefined;
    const stir = () => {
      wake?.();
      wake = undefined;
    };
    const abort = () => socket.destroy(new Error("aborted"));
    signal.addEventListener("abort", abort, { once: true });
    socket.on("data", (chunk: Uint8Array) => {
      chunks.push(chunk);
      stir();
    });
    socket.on("end", () => {
      ended = true;
      stir();
    });
    socket.on("error", (err: Error) => {
      failure = err;
      reject(plainError(err));
      stir();
    });
    socket.on("close", () => {
      ended = true;
      signal.removeEventListener("abort", abort);
      reject(new Error("EOF"));
      stir();
    });
    socket.once("secureConnect", () =>
      resolve({
        write: (bytes) =>
          new Promise((done, fail) => socket.write(bytes, (err) => err ? fail(plainError(err)) : done())),
        async read(buffer) {
          while (chunks.length === 0 && !ended && !failure) await new Promise<void>((woken) => wake = woken);
          const chunk = chunks.shift();
          if (!chunk) {
            if (failure) throw plainError(failure);
            return null;
          }
          const count = Math.min(chunk.length, buffer.length);
          buffer.set(chunk.subarray(0, count));
          if (count < chunk.length) chunks.unshift(chunk.subarray(count));
          return count;
        },
        close: () => void socket.destroy(),
      }));
  });
}

/** node's error codes as the errors that the rest of the room knows. */
function plainError(err: Error): Error {
  const code = (err as { code?: string }).code;
  if (code === "ECONNREFUSED") return new Deno.errors.ConnectionRefused(err.message, { cause: err });
  if (code === "ECONNRESET") return new Deno.errors.ConnectionReset(err.message, { cause: err });
  if (/InvalidContentType|wrong version number/.test(err.message)) return new PlainHttpError({ cause: err });
  return err;
}
