/**
 * `islet port-forward POD [LOCAL:]REMOTE…`: ports of this machine that lead into a pod. A connection is a WebSocket of its
 * own in Kubernetes' channel protocol: 0 data, 1 errors, each beginning with the port's number.
 */
import { writeAll } from "../../cri/bytes.ts";
import type { WebSocketConnection } from "../../cri/websocket.ts";
import { channel, v4Protocol } from "../api/channels.ts";
import { describeVerb, type Flag, parseArguments } from "./arguments.ts";
import { apiPath, type Client, clientFlags, clientFor, namespaceFlag, podPath } from "./client.ts";
import { print, warn } from "./output.ts";
import { podName } from "./pod_choice.ts";
import { UsageError } from "./usage.ts";

const flags: readonly Flag[] = [
  { name: "address", value: "ADDRESSES", help: "where to listen, with commas between (127.0.0.1 and ::1)" },
  namespaceFlag,
  ...clientFlags,
];

const dataChannel = new Uint8Array([channel.stdin]);

interface Pair {
  /** 0: any that is free. */
  local: number;
  remote: number;
}

export async function portForward(words: string[]): Promise<number> {
  const args = parseArguments(words, flags);
  if (args.help) {
    const text = "Listens on ports of this machine and passes connections on to ports of a pod. Ctrl-C ends it.";
    print(describeVerb("port-forward POD [LOCAL:]REMOTE… [FLAGS]", text, flags));
    return 0;
  }
  const [pod, ...ports] = [...args.words, ...args.rest ?? []];
  if (pod === undefined) throw new UsageError("name a pod: islet port-forward POD 8080:80");
  if (ports.length === 0) throw new UsageError(`name a port: islet port-forward ${pod} 8080:80`);
  const pairs = ports.map(readPair);
  const client = clientFor(args);
  const path = podPath(args.get("namespace") ?? "default", podName(pod));
  await client.json(path);
  const given = args.get("address")?.replaceAll("localhost", "127.0.0.1,::1").split(",");
  const listeners: Promise<void>[] = [];
  for (const { local, remote } of pairs) {
    let bound = 0;
    let port = local;
    for (const hostname of given ?? ["127.0.0.1", "::1"]) {
      let listener: Deno.Listener;
      try {
        listener = Deno.listen({ hostname, port });
      } catch (err) {
        // Not every machine has IPv6.
        if (given === undefined && bound > 0) continue;
        throw new Error(`Cannot listen on ${hostname} port ${port}: ${(err as Error).message}`);
      }
      bound++;
      ({ port } = listener.addr as Deno.NetAddr);
      print(`Forwarding from ${hostname.includes(":") ? `[${hostname}]` : hostname}:${port} -> ${remote}`);
      listeners.push(serve(listener, client, path, remote));
    }
  }
  await Promise.all(listeners);
  return 0;
}

function readPair(text: string): Pair {
  const [, local, remote] = /^(?:(\d*):)?(\d+)$/.exec(text) ?? [];
  const pair = { local: local === undefined ? Number(remote) : Number(local), remote: Number(remote) };
  if (remote === undefined || pair.remote < 1 || pair.remote > 65535 || pair.local > 65535) {
    throw new UsageError(
      `${JSON.stringify(text)} is no pair of ports: LOCAL:REMOTE, REMOTE, or :REMOTE for any that is free`,
    );
  }
  return pair;
}

async function serve(listener: Deno.Listener, client: Client, path: string, remote: number): Promise<void> {
  for await (const connection of listener) {
    forward(connection, client, path, remote).catch((err) => warn(`Cannot forward a connection: ${err.message}`));
  }
}

/** How long a pod that says nothing is listened to when its client has said all. */
const lingerMs = 5000;

async function forward(connection: Deno.Conn, client: Client, path: string, remote: number): Promise<void> {
  let lingering: ReturnType<typeof setTimeout> | undefined;
  let socket: WebSocketConnection | undefined;
  try {
    const stream = socket = await client.stream(apiPath(`${path}/portforward`, { ports: remote }), [v4Protocol]);
    let over = false;
    // The protocol cannot tell the pod that the client has said all: its answer is waited for until it falls silent.
    const linger = () => {
      clearTimeout(lingering);
      lingering = setTimeout(() => stream.close(), lingerMs);
    };
    const input = (async () => {
      const buffer = new Uint8Array(32 * 1024);
      for (let size; (size = await connection.read(buffer)) !== null;) {
        await stream.send(dataChannel, buffer.subarray(0, size));
      }
      over = true;
      linger();
    })();
    input.catch(() => stream.close());
    let seen = 0;
    for (let message; (message = await stream.receive());) {
      if (over) linger();
      // The first message of each channel is the port's number.
      if (seen++ < 2) continue;
      if (message[0] === channel.stdin) await writeAll(connection, message.subarray(1));
      else if (message.length > 1) warn(new TextDecoder().decode(message.subarray(1)).trim());
    }
  } finally {
    clearTimeout(lingering);
    socket?.close();
    connection.close();
  }
}
