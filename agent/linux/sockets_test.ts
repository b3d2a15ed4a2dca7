import { deepEqual, equal } from "node:assert/strict";
import { loadLibc } from "./mod.ts";
import { sendAtOnce, tcpSockets, tcpState } from "./sockets.ts";

loadLibc();
const { getsockopt } = Deno.dlopen("libc.so.6", {
  getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" },
}).symbols;

/** TCP_NODELAY of a socket. */
function noDelay(fd: number): boolean {
  const value = new Int32Array(1), size = new Int32Array([4]);
  const bytes = (of: Int32Array<ArrayBuffer>) => new Uint8Array(of.buffer);
  equal(getsockopt(fd, 6, 1, bytes(value), bytes(size)), 0);
  return value[0] !== 0;
}

function isHere(hostname: string): boolean {
  try {
    Deno.listen({ hostname, port: 0 }).close();
    return true;
  } catch {
    return false; // a machine without IPv6
  }
}

for (const hostname of ["127.0.0.1", "0.0.0.0", "::1"]) {
  const name = `a connection to a port of ${hostname} that sends at once does so, and to another one does not`;
  Deno.test({ name, ignore: !isHere(hostname) }, async () => {
    const found: boolean[] = [];
    for (const atOnce of [true, false]) {
      using listener = Deno.listen({ hostname, port: 0 });
      const { port } = listener.addr as Deno.NetAddr;
      if (atOnce) sendAtOnce(port);
      using _client = await Deno.connect({ hostname: hostname === "0.0.0.0" ? "127.0.0.1" : hostname, port });
      using _accepted = await listener.accept();
      const sockets = tcpSockets(port, tcpState.established);
      equal(sockets.length, 1);
      found.push(noDelay(sockets[0]));
    }
    deepEqual(found, [true, false]);
  });
}

Deno.test("a port that nobody listens on has no sockets", () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  equal(tcpSockets(port, tcpState.listening).length, 1);
  listener.close();
  sendAtOnce(port);
  deepEqual(tcpSockets(port, tcpState.established), []);
});
