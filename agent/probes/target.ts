/**
 * Where a network action goes: named ports become numbers, an absent host becomes the pod's address.
 */
import type { PortReference, ProbeTarget } from "./types.ts";

/**
 * The port number that `port` stands for: itself, the container's port of that name, or a number written as a string.
 * Throws when it is none of them.
 */
export function resolvePort(port: PortReference, container: ProbeTarget["container"]): number {
  let number = typeof port === "number" ? port : container.ports?.find(({ name }) => name === port)?.containerPort;
  if (number === undefined) {
    if (!/^\d+$/.test(String(port))) {
      throw new Error(`Cannot find port "${port}": container "${container.name}" has no port of that name`);
    }
    number = Number(port);
  }
  if (!Number.isInteger(number) || number < 1 || number > 65535) throw new Error(`invalid port number: ${number}`);
  return number;
}

/**
 * The host that an action without one goes to. A hostNetwork pod on a machine that has no address yet is reached
 * through loopback; any other pod without an address cannot be reached.
 */
export function resolveHost(host: string | undefined, target: ProbeTarget): string {
  if (host) return host;
  if (target.podIP) return target.podIP;
  if (target.hostNetwork) return "127.0.0.1";
  throw new Error("the pod has no IP address yet");
}

/** `host:port`, with IPv6 addresses in brackets. */
export function joinHostPort(host: string, port: number): string {
  return host.includes(":") && !host.startsWith("[") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** What the machine said about a failed connection, in the words of Go's `net` package. */
export function networkErrorText(err: unknown): string {
  if (err instanceof Deno.errors.ConnectionRefused) return "connect: connection refused";
  if (err instanceof Deno.errors.ConnectionReset) return "read: connection reset by peer";
  if (err instanceof Deno.errors.BrokenPipe) return "write: broken pipe";
  const text = err instanceof Error ? err.message : String(err);
  const plain = text.replace(/\s*\(os error \d+\)/g, "");
  if (/no route to host/i.test(plain)) return "connect: no route to host";
  if (/network is unreachable/i.test(plain)) return "connect: network is unreachable";
  if (/timed out/i.test(plain)) return "connect: connection timed out";
  return plain;
}
