import assert from "node:assert/strict";
import { DatagramSocket, socketAddress } from "./datagram.ts";
import { LinuxError } from "./errno.ts";
import { loadLibc } from "./libc.ts";

loadLibc();

Deno.test("socketAddress() ends a path with NUL and begins an abstract name with it", () => {
  assert.deepEqual([...socketAddress("/a")], [1, 0, 47, 97, 0]);
  assert.deepEqual([...socketAddress("@a")], [1, 0, 0, 97]);
  assert.throws(() => socketAddress("/" + "a".repeat(108)), /too long/);
});

Deno.test("a datagram to nobody is an error by name", () => {
  using socket = new DatagramSocket("/nonexistent/socket");
  assert.throws(() => socket.send(new Uint8Array(1)), (err) => err instanceof LinuxError && err.name === "LinuxError");
});
