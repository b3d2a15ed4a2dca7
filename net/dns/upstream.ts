/**
 * One question to one other server. Against forged replies: a port and an id of its own for every question, letters in
 * random case that must come back as they went, and the sender's address. What does not fit is passed over as if it had not
 * come. A reply that was cut short is asked for again by TCP.
 */
import { randomFillSync } from "node:crypto";
import dgram from "node:dgram";
import { datagramSize } from "./query.ts";
import { keptReply } from "./reply.ts";
import { sameAddress, type Server, serverText } from "./resolv_conf.ts";
import { caselessKey, flags, headerLength, layoutOf, rcodes, scatterCase, setUint16, types, uint16 } from "./wire.ts";

/** What is asked, without what belongs to one client. */
export interface Question {
  /** Name, type and class as bytes. */
  bytes: Uint8Array;
  dnssec: boolean;
  checkingDisabled: boolean;
}

/** The server, or the way there, is known not to work: it need not be waited for. */
export class UnreachableError extends Error {
  override name = "UnreachableError";
}

const fill = (bytes: Uint8Array) => void randomFillSync(bytes);
/** Forged replies that are taken for an attack: TCP is safe from those. */
const mostForged = 16;

/** Whether bytes are the reply to this query: `case` where only the letters' case differs. */
function judge(bytes: Uint8Array, sent: Uint8Array, question: Uint8Array): "reply" | "case" | "none" {
  if (bytes.length < headerLength || !(bytes[2] & 0x80) || (bytes[2] >> 3) & 15) return "none";
  if (uint16(bytes, 0) !== uint16(sent, 0)) return "none";
  // a server that could not read the question need not repeat it
  if (uint16(bytes, 4) === 0) return (bytes[3] & 15) !== 0 && bytes.length === headerLength ? "reply" : "none";
  const layout = layoutOf(bytes);
  if (!layout || layout.questionEnd !== headerLength + question.length) return "none";
  const echoed = bytes.subarray(headerLength, layout.questionEnd);
  if (echoed.every((byte, i) => byte === question[i])) return "reply";
  return caselessKey(echoed) === caselessKey(question) ? "case" : "none";
}

const isCut = (bytes: Uint8Array) => (uint16(bytes, 2) & flags.TC) !== 0;

export class Upstream {
  /** Some servers write names in lower case: found out by TCP, where it does no harm. */
  #keepsCase = true;
  #knowsEdns = true;

  constructor(readonly server: Server) {}

  /**
   * Asks, and gives the reply as it may be kept. @throws UnreachableError where there is no way to the server, an Error where
   * the reply is useless, and the signal's reason.
   */
  async ask(question: Question, signal: AbortSignal): Promise<Uint8Array> {
    let { bytes, edns } = await this.#askBest(question, signal, this.#knowsEdns);
    const rcode = bytes[3] & 15;
    if (edns && (rcode === rcodes.FORMERR || rcode === rcodes.NOTIMP)) {
      // servers from before EDNS (1999) say so to what they do not know
      ({ bytes } = await this.#askBest(question, signal, false));
      const without = bytes[3] & 15;
      if (without !== rcodes.FORMERR && without !== rcodes.NOTIMP) this.#knowsEdns = false;
    }
    const kept = keptReply(bytes);
    if (!kept) throw new Error(`Cannot use the reply of ${serverText(this.server)}: it is badly made`);
    return kept;
  }

  async #askBest(question: Question, signal: AbortSignal, edns: boolean) {
    const { bytes, verdict } = await this.#udp(question, signal, edns, this.#keepsCase);
    if (verdict === "reply" && !isCut(bytes)) return { bytes, edns };
    try {
      const stream = await this.#tcp(question, signal, edns);
      if (stream.verdict === "case") this.#keepsCase = false;
      return { bytes: stream.bytes, edns };
    } catch (error) {
      if (signal.aborted) throw error;
      // a cut reply is better than none
      if (verdict === "reply") return { bytes, edns };
      if (verdict === "none") throw untrusted(this.server);
    }
    // no TCP there, and a server that does not keep case, it seems: ids and ports must do
    const plain = await this.#udp(question, signal, edns, false);
    if (plain.verdict === "none") throw untrusted(this.server);
    this.#keepsCase = false;
    return { bytes: plain.bytes, edns };
  }

  #udp(question: Question, signal: AbortSignal, edns: boolean, scatter: boolean) {
    const { message, asked } = queryMessage(question, edns, scatter);
    const { address, port } = this.server;
    return new Promise<{ bytes: Uint8Array; verdict: "reply" | "case" | "none" }>((resolve, reject) => {
      const socket = dgram.createSocket(address.includes(":") ? "udp6" : "udp4");
      let done = false;
      const finish = (act: () => void) => {
        if (done) return;
        done = true;
        signal.removeEventListener("abort", onAbort);
        socket.close();
        act();
      };
      const onAbort = () => finish(() => reject(signal.reason));
      const onError = (cause: unknown) => finish(() => reject(unreachable(this.server, cause)));
      let forged = 0;
      socket.on("error", onError);
      socket.on("message", (bytes: Uint8Array, from: { address: string; port: number }) => {
        const ours = from.port === port && sameAddress(from.address, address);
        let verdict = ours ? judge(bytes, message, asked) : "none";
        if (verdict === "case" && !scatter) verdict = "reply";
        if (verdict !== "none") finish(() => resolve({ bytes, verdict }));
        else if (++forged >= mostForged) finish(() => resolve({ bytes, verdict }));
      });
      signal.addEventListener("abort", onAbort);
      if (signal.aborted) return onAbort();
      // port 0: one that the kernel chooses by chance
      socket.bind({ port: 0 }, () => {
        if (done) return;
        socket.send(message, port, address, (error) => {
          if (error) onError(error);
        });
      });
    });
  }

  async #tcp(question: Question, signal: AbortSignal, edns: boolean) {
    const { message, asked } = queryMessage(question, edns, this.#keepsCase);
    const { address, port } = this.server;
    const connecting = Deno.connect({ hostname: address, port });
    const conn = await raced(connecting, signal, () => void connecting.then((late) => late.close(), () => {}));
    const close = () => {
      try {
        conn.close();
      } catch {
        // closed already
      }
    };
    signal.addEventListener("abort", close);
    try {
      if (signal.aborted) throw signal.reason;
      const framed = new Uint8Array(message.length + 2);
      setUint16(framed, 0, message.length);
      framed.set(message, 2);
      for (let sent = 0; sent < framed.length;) sent += await conn.write(framed.subarray(sent));
      const length = uint16(await readFull(conn, 2), 0);
      const bytes = await readFull(conn, length);
      const verdict = judge(bytes, message, asked);
      if (verdict === "none") {
        throw new Error(`Cannot use the reply of ${serverText(this.server)}: it is to another question`);
      }
      return { bytes, verdict };
    } finally {
      signal.removeEventListener("abort", close);
      close();
    }
  }
}

function unreachable(server: Server, cause: unknown): UnreachableError {
  return new UnreachableError(`Cannot reach ${serverText(server)}`, { cause });
}

function untrusted(server: Server): Error {
  return new Error(`Cannot trust replies of ${serverText(server)}: too many are forged`);
}

function queryMessage(question: Question, edns: boolean, scatter: boolean): { message: Uint8Array; asked: Uint8Array } {
  const { bytes, dnssec, checkingDisabled } = question;
  const asked = new Uint8Array(bytes);
  if (scatter) asked.set(scatterCase(bytes.subarray(0, -4), fill));
  const message = new Uint8Array(headerLength + asked.length + (edns ? 11 : 0));
  fill(message.subarray(0, 2));
  setUint16(message, 2, flags.RD | (checkingDisabled ? flags.CD : 0));
  setUint16(message, 4, 1);
  message.set(asked, headerLength);
  if (edns) {
    const at = headerLength + asked.length;
    setUint16(message, 10, 1);
    setUint16(message, at + 1, types.OPT);
    setUint16(message, at + 3, datagramSize);
    message[at + 7] = dnssec ? 0x80 : 0;
  }
  return { message, asked };
}

async function readFull(conn: Deno.Conn, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  for (let read = 0; read < length;) {
    const more = await conn.read(bytes.subarray(read));
    if (more === null) throw new Error("Cannot read the whole reply: the connection was closed");
    read += more;
  }
  return bytes;
}

/** A promise, or the signal's reason, whichever is first; `late` is told when nobody waits any more. */
function raced<T>(promise: Promise<T>, signal: AbortSignal, late: () => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      late();
      reject(signal.reason);
    };
    if (signal.aborted) return onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    promise.then((value) => {
      if (signal.aborted) return;
      signal.removeEventListener("abort", onAbort);
      resolve(value);
    }, (error) => {
      signal.removeEventListener("abort", onAbort);
      reject(error);
    });
  });
}
