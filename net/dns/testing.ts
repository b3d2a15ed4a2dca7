/** What the tests of this room share: queries as clients send them, servers to ask, time and chance that can be repeated. */
import { Buffer } from "node:buffer";
import dgram from "node:dgram";
import dnsPacket from "dns-packet";
import type { Clock } from "./clock.ts";
import { setUint16, uint16 } from "./wire.ts";

/** A decoded message, as far as tests look at it. */
export interface Decoded {
  id: number;
  rcode: string;
  flag_qr: boolean;
  flag_aa: boolean;
  flag_tc: boolean;
  flag_rd: boolean;
  flag_ra: boolean;
  flag_ad: boolean;
  flag_cd: boolean;
  questions: { name: string; type: string; class: string }[];
  answers: DecodedRecord[];
  authorities: DecodedRecord[];
  additionals: DecodedRecord[];
}

export interface DecodedRecord {
  name: string;
  type: string;
  ttl: number;
  // deno-lint-ignore no-explicit-any
  data: any;
  udpPayloadSize?: number;
  extendedRcode?: number;
  flag_do?: boolean;
}

export interface QueryOptions {
  id?: number;
  /** The payload size of an OPT record; none without. */
  edns?: number;
  dnssec?: boolean;
  recursion?: boolean;
  class?: string;
}

export function queryBytes(name: string, type: string, options: QueryOptions = {}): Uint8Array {
  const { id = 4711, edns, dnssec = false, recursion = true } = options;
  return dnsPacket.encode({
    type: "query",
    id,
    flags: recursion ? dnsPacket.RECURSION_DESIRED : 0,
    questions: [{ name, type, class: options.class ?? "IN" }],
    additionals: edns === undefined
      ? []
      : [{ type: "OPT", name: ".", udpPayloadSize: edns, flags: dnssec ? dnsPacket.DNSSEC_OK : 0, options: [] }],
  });
}

/** A reply as another server would send it. */
export function replyBytes(
  to: { id: number; questions: readonly unknown[] },
  reply: { flags?: number; answers?: unknown[]; authorities?: unknown[]; additionals?: unknown[] },
): Uint8Array {
  return dnsPacket.encode({
    type: "response",
    id: to.id,
    questions: to.questions,
    ...reply,
    flags: reply.flags ?? 0x180,
  });
}

export function decode(bytes: Uint8Array): Decoded {
  return dnsPacket.decode(Buffer.from(bytes));
}

/** `name type data`, sorted, of the records that are not OPT. */
export function brief(records: readonly DecodedRecord[]): string[] {
  return records.filter(({ type }) => type !== "OPT").map(({ name, type, data }) => {
    const text = Array.isArray(data)
      ? data.map(String).join(" ")
      : typeof data === "string"
      ? data
      : JSON.stringify(data);
    return `${name} ${type} ${text}`;
  }).sort();
}

/** Numbers in [0, 1) that look random and are the same for the same seed. */
export function chance(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A clock that moves only when told to. */
export class ManualClock implements Clock {
  #mono = 0;
  #timers: { at: number; fn: () => void }[] = [];

  mono(): number {
    return this.#mono;
  }

  after(ms: number, fn: () => void): () => void {
    const timer = { at: this.#mono + ms, fn };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((each) => each !== timer);
    };
  }

  /** Lets time pass, and everything that comes of it. */
  async advance(ms: number): Promise<void> {
    const end = this.#mono + ms;
    while (true) {
      await settle();
      const due = this.#timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (!due) break;
      this.#timers = this.#timers.filter((each) => each !== due);
      this.#mono = Math.max(this.#mono, due.at);
      due.fn();
    }
    this.#mono = end;
    await settle();
  }
}

/** Lets every promise that can go on do so. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 2; i++) await new Promise((resolve) => setTimeout(resolve, 0));
}

export interface Asked {
  transport: "udp" | "tcp";
  message: Decoded;
  bytes: Uint8Array;
  /** Of the client. */
  port: number;
}

/** Replies (several by UDP), or undefined for silence. */
export type Answering = (asked: Asked) => Uint8Array | Uint8Array[] | undefined | Promise<Uint8Array | undefined>;

/**
 * An address and a port that nobody else has: any of the loopback network, and below the ports that the kernel gives out.
 * Tests run beside each other.
 */
export function ownPlace(): { address: string; port: number } {
  const number = (from: number, below: number) => from + Math.floor(Math.random() * (below - from));
  return { address: `127.${number(1, 255)}.${number(0, 255)}.${number(1, 255)}`, port: number(10_000, 32_000) };
}

/** Another DNS server, by UDP and, where `tcp` says so, TCP on the same port of a loopback address. */
export async function otherServer(
  answer: Answering,
  { tcp = true }: { tcp?: boolean } = {},
) {
  const asked: Asked[] = [];
  const take = (bytes: Uint8Array, transport: "udp" | "tcp", port: number) => {
    const each = { transport, message: decode(bytes), bytes: new Uint8Array(bytes), port };
    asked.push(each);
    return answer(each);
  };
  const socket = dgram.createSocket("udp4");
  const { address, port } = ownPlace();
  await new Promise<void>((resolve) => socket.bind(port, address, () => resolve()));
  socket.on("message", async (bytes: Uint8Array, from: { address: string; port: number }) => {
    const reply = await take(bytes, "udp", from.port);
    for (const each of Array.isArray(reply) ? reply : reply ? [reply] : []) socket.send(each, from.port, from.address);
  });
  const listener = tcp ? Deno.listen({ hostname: address, port }) : undefined;
  const serving = listener && (async () => {
    for await (const conn of listener) {
      const bytes = await readFramed(conn);
      const reply = bytes && await take(bytes, "tcp", (conn.remoteAddr as Deno.NetAddr).port);
      if (reply && !Array.isArray(reply)) await conn.write(framed(reply));
      conn.close();
    }
  })();
  return {
    server: { address, port },
    asked,
    close: async () => {
      listener?.close();
      await new Promise<void>((resolve) => socket.close(() => resolve()));
      await serving;
    },
  };
}

/** A message as TCP carries it: its length before it. */
export function framed(bytes: Uint8Array): Uint8Array {
  const message = new Uint8Array(bytes.length + 2);
  setUint16(message, 0, bytes.length);
  message.set(bytes, 2);
  return message;
}

/** The next message of a connection; undefined at its end. */
export async function readFramed(conn: Deno.Conn): Promise<Uint8Array | undefined> {
  const fill = async (bytes: Uint8Array) => {
    for (let read = 0; read < bytes.length;) {
      const more = await conn.read(bytes.subarray(read)).catch(() => null);
      if (more === null) return false;
      read += more;
    }
    return true;
  };
  const head = new Uint8Array(2);
  if (!await fill(head)) return undefined;
  const bytes = new Uint8Array(uint16(head, 0));
  return await fill(bytes) ? bytes : undefined;
}
