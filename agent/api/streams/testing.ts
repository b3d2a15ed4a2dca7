/**
 * A node for tests of streams: the API behind a door as clients find it, and a runtime whose streaming server is played
 * by the test.
 *
 *     await using node = await streamNode();
 *     const opening = node.webSocket("exec?command=ls&stdout=1", ["v5.channel.k8s.io"]);
 *     const runtime = await node.runtime.accept();     // what the API has connected with
 *     const peer = await runtime.spdy();
 *     const socket = await opening;
 */
import { ByteReader, bytesOf, closeQuietly, writeAll } from "../../../cri/bytes.ts";
import { Peer } from "../../../cri/testing.ts";
import { openUpgrade, type UpgradedConnection } from "../../../cri/upgrade.ts";
import { WebSocketConnection } from "../../../cri/websocket.ts";
import { type Clock, systemClock } from "../../clock.ts";
import { silentLogger } from "../../telemetry/log.ts";
import { openDoor } from "../server/mod.ts";
import { testNode, testPod } from "../testing.ts";
import { StreamLimit } from "./limit.ts";

export interface StreamNodeOptions {
  clock?: Clock;
  limit?: StreamLimit;
  idleMs?: number;
  pod?: ReturnType<typeof testPod>;
  /** Whether the runtime has a sandbox of the pod; default: yes. */
  sandbox?: boolean;
}

const encoder = new TextEncoder();

/** The runtime's streaming server. */
class FakeRuntime {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #connections: RuntimeConnection[] = [];
  /** What Exec, Attach and PortForward were asked for. */
  readonly asked: unknown[] = [];

  readonly ask = (request: unknown): Promise<{ $typeName: never; url: string }> => {
    this.asked.push(request);
    const { port } = this.#listener.addr as Deno.NetAddr;
    return Promise.resolve({ url: `http://127.0.0.1:${port}/token` } as { $typeName: never; url: string });
  };

  /** The next connection, with the head of its request. */
  async accept(): Promise<RuntimeConnection> {
    const connection = await this.#listener.accept();
    const reader = new ByteReader(bytesOf(connection));
    const accepted = new RuntimeConnection(connection, reader, await reader.readHead());
    this.#connections.push(accepted);
    return accepted;
  }

  close(): void {
    this.#listener.close();
    for (const connection of this.#connections) connection.close();
  }
}

export class RuntimeConnection {
  constructor(readonly connection: Deno.Conn, readonly reader: ByteReader, readonly head: string) {}

  async write(text: string | Uint8Array): Promise<void> {
    await writeAll(this.connection, typeof text === "string" ? encoder.encode(text) : text);
  }

  /** Agrees to SPDY. */
  async spdy(version = "v4.channel.k8s.io"): Promise<Peer> {
    await this.write(
      "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n" +
        `X-Stream-Protocol-Version: ${version}\r\n\r\n`,
    );
    return new Peer(this.head, this.reader, this.connection);
  }

  async refuse(status: string, body: string): Promise<void> {
    await this.write(`HTTP/1.1 ${status}\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    this.close();
  }

  /** Whether the other side has ended; reads what is left. */
  async ended(): Promise<true> {
    while (await this.reader.readSome().catch(() => undefined));
    return true;
  }

  close(): void {
    closeQuietly(this.connection);
  }
}

export async function streamNode(options: StreamNodeOptions = {}) {
  const { clock = systemClock, limit = new StreamLimit(10), idleMs, pod = testPod(), sandbox = true } = options;
  const runtime = new FakeRuntime();
  const { ask } = runtime;
  const node = testNode({
    clock: clock as ReturnType<typeof testNode>["clock"],
    limit,
    config: {
      api: { socket: "" },
      nodeName: "edge-1",
      podLogsDir: "/nonexistent",
      ...(idleMs === undefined ? {} : { streamingConnectionIdleTimeoutMs: idleMs }),
    },
    cri: { runtime: { exec: ask, attach: ask, portForward: ask } },
  });
  node.store.put(pod);
  const sandboxes = [{ id: "sandbox-web", ready: sandbox }];
  node.observed.set(
    pod.metadata.uid!,
    { sandboxes, containers: [] } as unknown as Parameters<typeof node.observed.set>[1],
  );
  const dir = await Deno.makeTempDir();
  const path = `${dir}/api.sock`;
  const door = await openDoor({
    door: "socket",
    fetch: (request, env) => node.app.fetch(request, env),
    listen: { path },
    log: silentLogger,
  });
  const connect = () => Deno.connect({ transport: "unix", path });
  const url = (path: string) => `http://localhost/api/v1/namespaces/default/pods/web/${path}`;
  return {
    runtime,
    limit,
    store: node.store,
    closing: node.closing,
    url,
    connect,
    webSocket: (path: string, protocols: readonly string[]) =>
      WebSocketConnection.open(url(path), protocols, { connect }),
    /** A connection for frames by hand. */
    rawWebSocket: (path: string, protocol: string): Promise<UpgradedConnection> =>
      openUpgrade(url(path), {
        connect,
        headers: [
          ["Upgrade", "websocket"],
          ["Sec-WebSocket-Version", "13"],
          ["Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA=="],
          ["Sec-WebSocket-Protocol", protocol],
        ],
      }),
    spdy: (path: string, versions: readonly string[]): Promise<UpgradedConnection> =>
      openUpgrade(url(path), {
        connect,
        method: "POST",
        headers: [
          ["Upgrade", "SPDY/3.1"],
          ...versions.map((version) => ["X-Stream-Protocol-Version", version] as const),
          ["Content-Length", "0"],
        ],
      }),
    /** Waits until all streams have given their place back. */
    async idle(): Promise<void> {
      while (limit.open > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    },
    async [Symbol.asyncDispose]() {
      runtime.close();
      await door.close(0);
      await Deno.remove(dir, { recursive: true });
    },
  };
}
