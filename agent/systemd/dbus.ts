/**
 * A connection to the system's message bus: method calls and signals, no more. It waits by reading and costs nothing
 * while nothing is said.
 */
import { decodeMessage, encodeMessage, type Message, messageLength, messageType, type Value } from "./dbus_message.ts";

export const systemBus = "/run/dbus/system_bus_socket";

const bus = { destination: "org.freedesktop.DBus", path: "/org/freedesktop/DBus", interface: "org.freedesktop.DBus" };

export interface Call {
  destination: string;
  path: string;
  interface: string;
  member: string;
  /** Types of the arguments, `ss` for two strings. */
  signature?: string;
  body?: Value[];
}

/** How long an answer is waited for: a service may have to be started for it. */
const answerMs = 25_000;

export class Bus {
  readonly #conn: Deno.UnixConn;
  readonly #waiting = new Map<number, PromiseWithResolvers<Value[]>>();
  #serial = 0;
  #writing: Promise<void> = Promise.resolve();
  /** Called with each signal that was asked for. */
  onSignal: (signal: Message) => void = () => {};
  /** Resolves when the connection is over, whoever ended it. */
  readonly closed: Promise<void>;

  private constructor(conn: Deno.UnixConn, rest: Uint8Array) {
    this.#conn = conn;
    this.closed = this.#read(rest).catch(() => {}).finally(() => {
      this.close();
      for (const { reject } of this.#waiting.values()) reject(new Error("Cannot ask the message bus: it is gone"));
      this.#waiting.clear();
    });
  }

  /** Connects as the user that runs this process. */
  static async connect(path: string = systemBus): Promise<Bus> {
    const conn = await Deno.connect({ transport: "unix", path });
    try {
      const uid = [...String(Deno.uid())].map((digit) => digit.charCodeAt(0).toString(16)).join("");
      const encoder = new TextEncoder();
      await writeAll(conn, encoder.encode(`\0AUTH EXTERNAL ${uid}\r\n`));
      const answer = await readLine(conn);
      if (!answer.startsWith("OK ")) throw new Error(`Cannot enter the message bus: ${answer}`);
      await writeAll(conn, encoder.encode("BEGIN\r\n"));
    } catch (err) {
      conn.close();
      throw err;
    }
    const connected = new Bus(conn, new Uint8Array());
    await connected.call({ ...bus, member: "Hello" });
    return connected;
  }

  /** Calls a method; resolves with what it answers. @throws with the bus's words where it fails. */
  async call(call: Call): Promise<Value[]> {
    const serial = ++this.#serial;
    const answer = Promise.withResolvers<Value[]>();
    this.#waiting.set(serial, answer);
    const timer = setTimeout(() => answer.reject(new Error(`Cannot call ${call.member}: no answer`)), answerMs);
    try {
      await this.#write(encodeMessage({ body: [], ...call, type: messageType.call, serial }));
      return await answer.promise;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(serial);
    }
  }

  /** A property of an object, of a type that is known here. */
  async property(object: Pick<Call, "destination" | "path" | "interface">, name: string): Promise<Value> {
    const { destination, path } = object;
    const [value] = await this.call({
      destination,
      path,
      interface: "org.freedesktop.DBus.Properties",
      member: "Get",
      signature: "ss",
      body: [object.interface, name],
    });
    return value;
  }

  /** Asks for signals by a match rule: `type='signal',interface='…'`. */
  async subscribe(rule: string): Promise<void> {
    await this.call({ ...bus, member: "AddMatch", signature: "s", body: [rule] });
  }

  close(): void {
    try {
      this.#conn.close();
    } catch { /* closed already */ }
  }

  #write(bytes: Uint8Array): Promise<void> {
    return this.#writing = this.#writing.then(() => writeAll(this.#conn, bytes));
  }

  async #read(rest: Uint8Array): Promise<void> {
    const chunk = new Uint8Array(4096);
    for (let held = rest;;) {
      const length = messageLength(held);
      if (length !== undefined && held.length >= length) {
        this.#take(decodeMessage(held.subarray(0, length)));
        held = held.slice(length);
        continue;
      }
      const count = await this.#conn.read(chunk);
      if (count === null) return;
      const longer = new Uint8Array(held.length + count);
      longer.set(held);
      longer.set(chunk.subarray(0, count), held.length);
      held = longer;
    }
  }

  #take(message: Message): void {
    const waiting = this.#waiting.get(message.replySerial ?? 0);
    if (message.type === messageType.reply) waiting?.resolve(message.body as Value[]);
    else if (message.type === messageType.error) {
      waiting?.reject(new Error([message.errorName, message.body[0]].filter(Boolean).join(": ")));
    } else if (message.type === messageType.signal) this.onSignal(message);
  }
}

async function writeAll(conn: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
}

/** A line of the handshake, byte by byte: what follows it is not ours to take. */
async function readLine(conn: Deno.Conn): Promise<string> {
  const byte = new Uint8Array(1);
  for (let line = "";;) {
    if (await conn.read(byte) === null) throw new Error("Cannot enter the message bus: it hung up");
    line += String.fromCharCode(byte[0]);
    if (line.endsWith("\r\n")) return line.slice(0, -2);
  }
}
