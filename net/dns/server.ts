/**
 * The listeners: UDP and TCP on each address, never on all of them. An address that is not there yet (the service proxy or
 * somebody else holds it) is tried again until it is.
 *
 * A stranger may send what it likes: connections, queries on one connection and the time that one may be idle are limited,
 * and a connection that does not read its replies is not read from. How many queries wait for others' answers is the
 * handler's to limit: those that need nobody are answered all the same.
 */
import dgram from "node:dgram";
import { type Clock, systemClock } from "./clock.ts";
import { Connection, type Handler } from "./connection.ts";
import type { Transport } from "./query.ts";

export interface DnsServerOptions {
  /** Where to listen, without ports; wildcards are refused. */
  addresses: readonly string[];
  /** Default: 53. */
  port?: number;
  handle: Handler;
  clock?: Clock;
  /** Default: 100; the one idle for longest makes room for a new one. */
  maxConnections?: number;
  /** Queries of one connection that wait for their reply. Default: 16; no more are read until one has it. */
  maxPipelined?: number;
  /** Milliseconds that a connection may be without a query under way, or take for the bytes of one. Default: 10 s. */
  idleMs?: number;
  /** Told when an address begins to be listened on, and why it is not (once for each reason). */
  onListening?: (address: string, transport: Transport) => void;
  onWaiting?: (address: string, transport: Transport, err: unknown) => void;
}

const firstRetryMs = 100;
const longestRetryMs = 5000;

export class DnsServer {
  readonly #options: Required<Omit<DnsServerOptions, "onListening" | "onWaiting">> & DnsServerOptions;
  readonly #listeners: Listener[] = [];
  readonly #connections = new Set<Connection>();
  #stopped = false;

  /** @throws where an address is a wildcard. */
  constructor(options: DnsServerOptions) {
    for (const address of options.addresses) {
      if (/^[0:.]*$/.test(address)) {
        throw new Error(`Cannot listen on ${address || "no address"}: DNS takes single addresses only`);
      }
    }
    this.#options = {
      port: 53,
      clock: systemClock,
      maxConnections: 100,
      maxPipelined: 16,
      idleMs: 10_000,
      ...options,
    };
  }

  /** Begins to listen, now or as soon as the addresses are there. */
  start(): void {
    for (const address of this.#options.addresses) {
      this.#listeners.push(
        new Listener(address, "udp", this.#options, (broken) => this.#openUdp(address, broken)),
        new Listener(address, "tcp", this.#options, (broken) => this.#openTcp(address, broken)),
      );
    }
    for (const listener of this.#listeners) listener.open();
  }

  /** What is listened on by now. */
  get listening(): { address: string; transport: Transport }[] {
    return this.#listeners.filter(({ isOpen }) => isOpen).map(({ address, transport }) => ({ address, transport }));
  }

  /** Stops at once: sockets are closed, what is under way gets no reply. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#listeners.map((listener) => listener.close()));
    await Promise.all([...this.#connections].map((connection) => connection.close()));
  }

  #openUdp(address: string, broken: (err: unknown) => void): Promise<Opened> {
    const socket = dgram.createSocket(address.includes(":") ? "udp6" : "udp4");
    let open = true;
    const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
    const close = () => {
      if (open) {
        open = false;
        socket.close();
      }
      return closed;
    };
    socket.on("message", (bytes: Uint8Array, from: { address: string; port: number }) => {
      const send = (reply: Uint8Array | undefined) => {
        // a reply that cannot be sent is a lost one: the client asks again
        if (reply && open) socket.send(reply, from.port, from.address, () => {});
      };
      // whoever forged this sender wants the next line to throw
      if (from.port === 0) return;
      const reply = this.#options.handle(bytes, "udp");
      if (reply instanceof Promise) void reply.then(send, () => {});
      else send(reply);
    });
    return new Promise((resolve, reject) => {
      let isBound = false;
      socket.on("error", (err) => {
        void close();
        if (isBound) broken(err);
        else reject(err);
      });
      socket.bind({ port: this.#options.port, address, exclusive: true }, () => {
        isBound = true;
        resolve({ close });
      });
    });
  }

  #openTcp(address: string, broken: (err: unknown) => void): Promise<Opened> {
    const listener = Deno.listen({ hostname: address, port: this.#options.port });
    let open = true;
    const accepting = (async () => {
      while (open) {
        try {
          this.#accept(await listener.accept());
        } catch (err) {
          if (!open) return;
          if (err instanceof Deno.errors.BadResource) return broken(err);
          // too many open files, or a client that was gone again: others may have better luck
          await new Promise<void>((resolve) => this.#options.clock.after(firstRetryMs, resolve));
        }
      }
    })();
    return Promise.resolve({
      close: () => {
        if (open) listener.close();
        open = false;
        return accepting;
      },
    });
  }

  #accept(conn: Deno.Conn): void {
    if (this.#stopped) return conn.close();
    if (this.#connections.size >= this.#options.maxConnections) {
      // a Set keeps the order: a connection that is heard of moves to its end
      const [idlest] = this.#connections;
      this.#connections.delete(idlest);
      void idlest.close();
    }
    const connection = new Connection(conn, this.#options, () => {
      if (this.#connections.delete(connection)) this.#connections.add(connection);
    });
    this.#connections.add(connection);
    void connection.done.then(() => this.#connections.delete(connection));
  }
}

interface Opened {
  close(): Promise<void>;
}

/** One address by one transport: opened, tried again, opened anew when it breaks. */
class Listener {
  #opened: Opened | undefined;
  #cancel = () => {};
  #pauseMs = firstRetryMs;
  #stopped = false;
  #opening = Promise.resolve();
  #told = "";

  constructor(
    readonly address: string,
    readonly transport: Transport,
    private readonly options: DnsServerOptions & { clock: Clock },
    private readonly make: (broken: (err: unknown) => void) => Promise<Opened>,
  ) {}

  get isOpen(): boolean {
    return this.#opened !== undefined;
  }

  open(): void {
    if (!this.#stopped) this.#opening = this.#open();
  }

  async close(): Promise<void> {
    this.#stopped = true;
    this.#cancel();
    await this.#opening;
    await this.#opened?.close();
    this.#opened = undefined;
  }

  async #open(): Promise<void> {
    try {
      const opened = await this.make((err) => {
        this.#opened = undefined;
        this.#again(err);
      });
      this.#opened = opened;
      this.#pauseMs = firstRetryMs;
      this.#told = "";
      this.options.onListening?.(this.address, this.transport);
    } catch (err) {
      this.#again(err);
    }
  }

  #again(err: unknown): void {
    if (this.#stopped) return;
    const reason = String(err);
    if (reason !== this.#told) this.options.onWaiting?.(this.address, this.transport, err);
    this.#told = reason;
    this.#cancel = this.options.clock.after(this.#pauseMs, () => this.open());
    this.#pauseMs = Math.min(longestRetryMs, this.#pauseMs * 2);
  }
}
