/**
 * Joins two connections byte by byte, each way at the pace of its slower end. When one side ends, what it sent still
 * reaches the other one, which is given a moment to end as well.
 */
import type { Clock } from "../../clock.ts";
import type { UpgradedConnection } from "../../../cri/upgrade.ts";
import type { ClientConnection } from "./client_connection.ts";
import { IdleTimer } from "./idle.ts";
import type { ServerWebSocket } from "./server_websocket.ts";

export interface ByteDuplex {
  /** At least a byte, or undefined at the end. Valid until the next call. */
  read(): Promise<Uint8Array | undefined>;
  /** Resolves when the bytes were taken. */
  write(data: Uint8Array): Promise<void>;
  /** Says that nothing more comes. */
  end(): Promise<void>;
  /** Ends both ways at once. */
  close(): void;
}

/** What the runtime may still say when the client has ended. */
const lastWordsMs = 2000;

export interface JoinOptions {
  clock: Clock;
  idleMs: number;
}

/** Resolves when both have ended. Never rejects: whichever side breaks, the other one is closed. */
export async function join(client: ByteDuplex, runtime: ByteDuplex, { clock, idleMs }: JoinOptions): Promise<void> {
  const idle = new IdleTimer(idleMs, clock, () => {
    client.close();
    runtime.close();
  });
  let cancel = () => {};
  const up = async () => {
    let taken = true;
    try {
      for (let data; (data = await client.read());) {
        idle.touch();
        // a runtime that takes nothing more has its last words on the way: the client's are dropped meanwhile
        if (taken) await runtime.write(data).catch(() => taken = false);
      }
      if (taken) await runtime.end();
    } catch {
      // gone
    }
    cancel = clock.after(lastWordsMs, () => runtime.close());
  };
  const down = async () => {
    try {
      for (let data; (data = await runtime.read().catch(() => undefined));) {
        idle.touch();
        await client.write(data);
      }
      runtime.close();
      await client.end();
    } catch {
      client.close();
      runtime.close();
    }
  };
  await Promise.all([up(), down()]);
  cancel();
  idle.stop();
}

/** The raw connection of a client. */
export function duplexOfClient(connection: ClientConnection): ByteDuplex {
  return {
    read: () => connection.reader.readSome(),
    write: (data) => connection.write(data),
    end: () => connection.finish(),
    close: () => connection.close(),
  };
}

/** What a client sends in the binary messages of a WebSocket. */
export function duplexOfWebSocket(socket: ServerWebSocket): ByteDuplex {
  return {
    async read() {
      for (let piece; (piece = await socket.receive());) if (piece.data.length > 0) return piece.data;
      return undefined;
    },
    write: (data) => socket.send(false, data),
    end: () => socket.close(),
    close: () => socket.abort(),
  };
}

/** A connection to the runtime's streaming server. */
export function duplexOfRuntime(connection: UpgradedConnection): ByteDuplex {
  return {
    read: () => connection.reader.readSome(),
    write: (data) => connection.write(data),
    end: () => connection.endWrite(),
    close: () => connection.close(),
  };
}
