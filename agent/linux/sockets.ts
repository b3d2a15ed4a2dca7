/** Options of sockets that the runtime keeps to itself: found by their inode in /proc, set by their number. */
import { check, libc } from "./libc.ts";

/** States of a TCP socket as /proc/net/tcp has them. */
export const tcpState = { established: 1, listening: 10 } as const;

const ipProtoTcp = 6, tcpNoDelay = 1;

/**
 * Lets connections to a TCP port that this process listens on send at once: what they accept is as the listener is. Without
 * it the end of a long answer may wait 40 ms for the acknowledgement of what came before.
 */
export function sendAtOnce(port: number): void {
  for (const fd of tcpSockets(port, tcpState.listening)) {
    const on = new Uint8Array(new Int32Array([1]).buffer);
    check(libc().setsockopt(fd, ipProtoTcp, tcpNoDelay, on, on.length), "setsockopt", `port ${port}`);
  }
}

/** File descriptors of this process's TCP sockets on a local port. */
export function tcpSockets(port: number, state: number): number[] {
  const links = new Set<string>();
  for (const file of ["tcp", "tcp6"]) {
    for (const line of readLines(`/proc/self/net/${file}`)) {
      // 0: 0100007F:1996 00000000:0000 0A … uid timeout inode
      const [, local = "", , st = "", , , , , , inode] = line.trim().split(/\s+/);
      if (parseInt(local.split(":")[1], 16) === port && parseInt(st, 16) === state) links.add(`socket:[${inode}]`);
    }
  }
  if (links.size === 0) return [];
  return [...Deno.readDirSync("/proc/self/fd")].map(({ name }) => name).filter((name) => links.has(linkOf(name)))
    .map(Number);
}

function readLines(path: string): string[] {
  try {
    return Deno.readTextFileSync(path).split("\n");
  } catch (err) {
    if (err instanceof Deno.errors.NotFound) return []; // a kernel without IPv6
    throw err;
  }
}

function linkOf(fd: string): string {
  try {
    return Deno.readLinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return ""; // closed meanwhile
  }
}
