/** A Unix datagram socket that hears what systemd or its journal would: its path, and the datagrams one by one. */
import { join } from "node:path";
import { check, errno, libc } from "../linux/libc.ts";
import { socketAddress } from "../linux/datagram.ts";

export interface Datagrams extends AsyncDisposable {
  path: string;
  /** The next one; waits for it. */
  next(): Promise<string>;
  /** How many have come that nobody has taken. */
  waiting(): number;
}

export async function datagrams(): Promise<Datagrams> {
  const dir = await Deno.makeTempDir({ prefix: "islet-datagrams-" });
  const path = join(dir, "socket");
  const fd = check(libc().socket(1, 2, 0), "socket", "make a socket");
  const address = socketAddress(path);
  const c = Deno.dlopen("libc.so.6", {
    bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
    recv: { parameters: ["i32", "buffer", "usize", "i32"], result: "isize" },
  });
  check(c.symbols.bind(fd, address, address.length), "bind", `listen at ${path}`);
  const heard: string[] = [];
  const receive = () => {
    const buffer = new Uint8Array(65536);
    for (;;) {
      const length = Number(c.symbols.recv(fd, buffer, BigInt(buffer.length), 0x40));
      if (length < 0) {
        if (errno() === 11) return; // EAGAIN
        throw new Error(`Cannot receive at ${path}: ${errno()}`);
      }
      heard.push(new TextDecoder().decode(buffer.subarray(0, length)));
    }
  };
  return {
    path,
    async next() {
      for (;;) {
        receive();
        if (heard.length > 0) return heard.shift()!;
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    },
    waiting() {
      receive();
      return heard.length;
    },
    async [Symbol.asyncDispose]() {
      libc().close(fd);
      c.close();
      await Deno.remove(dir, { recursive: true });
    },
  };
}
