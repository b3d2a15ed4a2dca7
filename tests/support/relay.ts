/**
 * Passes connections on: from a port or a Unix socket to another port or Unix socket. A node's namespaces and the machine's
 * own share the file system, so that two relays lead from a browser outside into the node's network.
 *
 * As a program: `deno run -A relay.ts LISTEN CONNECT`, each `unix:PATH` or `HOST:PORT`.
 */

export interface Relay extends Disposable {
  /** The port listened on; 0 for a Unix socket. */
  port: number;
}

type Address = { hostname: string; port: number } | { transport: "unix"; path: string };

export function relay(listen: Address, connect: Address): Relay {
  const listener = "path" in listen ? Deno.listen(listen) : Deno.listen(listen);
  const open = new Set<Deno.Conn>();
  (async () => {
    for await (const client of listener) {
      open.add(client);
      pass(client, connect).catch(() => {}).finally(() => {
        open.delete(client);
        close(client);
      });
    }
  })().catch(() => {});
  return {
    port: "port" in listener.addr ? listener.addr.port : 0,
    [Symbol.dispose]() {
      listener.close();
      open.forEach(close);
    },
  };
}

async function pass(client: Deno.Conn, to: Address): Promise<void> {
  const server = "path" in to ? await Deno.connect(to) : await Deno.connect(to);
  try {
    await Promise.race([
      client.readable.pipeTo(server.writable, { preventClose: true, preventCancel: true }),
      server.readable.pipeTo(client.writable, { preventClose: true, preventCancel: true }),
    ]);
  } finally {
    close(server);
  }
}

function close(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch { /* closed already */ }
}

function readAddress(text: string): Address {
  if (text.startsWith("unix:")) return { transport: "unix", path: text.slice("unix:".length) };
  const at = text.lastIndexOf(":");
  return { hostname: text.slice(0, at), port: Number(text.slice(at + 1)) };
}

if (import.meta.main) {
  const [listen, connect] = Deno.args.map(readAddress);
  relay(listen, connect);
}
