/**
 * What a table of ours holds, asked of the kernel itself. `nft list` would ask for the same and write it as text, in 130 MB for
 * 60,000 elements; and nft 1.0.6 dies of sets that 1.1.7 wrote. Numbers are those of the kernel's nf_tables.h and of nft's types.
 */
import { setImmediate } from "node:timers";
import { type Family, formatAddress, formatCidr } from "../addr.ts";
import { attributes, attributesOf, flags, request, textAttribute } from "../netlink/messages.ts";
import { NetlinkError, NetlinkSocket } from "../netlink/socket.ts";

/** Hears what a table holds. */
export interface TableReader {
  chain(name: string): void;
  /** A map or set. @returns whether to show its elements. */
  set(name: string): boolean;
  /** Key and value as they stand in scripts; a set's elements have no value. */
  element(set: string, key: string, value?: string): void;
  /** What was shown so far does not hold: it begins anew. */
  restart(): void;
}

const subsystem = 10;
const get = { chain: 4, set: 10, elements: 13 };
const chainAttribute = { table: 1, name: 3 };
const setAttribute = { table: 1, name: 2, keyType: 4, dataType: 6 };
const listAttribute = { table: 1, set: 2, elements: 3 };
const elementAttribute = { key: 1, data: 2, keyEnd: 10 };
const dataAttribute = { value: 1, verdict: 2 };
const verdictAttribute = { code: 1, chain: 2 };
const verdictType = 0xffffff00;
const noEntry = 2;

/** So often a listing that was changed while it was made is made again; then it is taken as it is. */
const mostTries = 5;

/** Shows a table; nothing where there is none. @throws NetlinkError if the kernel refuses. */
export async function readTable(family: Family, table: string, reader: TableReader): Promise<void> {
  for (let tries = 1;; tries++) {
    await using socket = new NetlinkSocket();
    const isWhole = await readOnce(socket, family, table, reader);
    if (isWhole || tries === mostTries) return;
    reader.restart();
  }
}

/** The elements of one map or set; none where there is none. */
export async function readElements(
  family: Family,
  table: string,
  set: string,
): Promise<Map<string, string | undefined>> {
  const found = new Map<string, string | undefined>();
  await readTable(family, table, {
    chain() {},
    set: (name) => name === set,
    element: (_, key, value) => void found.set(key, value),
    restart: () => found.clear(),
  });
  return found;
}

async function readOnce(socket: NetlinkSocket, family: Family, table: string, reader: TableReader): Promise<boolean> {
  const inTable = textAttribute(1, table);
  const list = (type: number, body: Uint8Array, what: string) =>
    socket.dump(request({ subsystem, type, flag: flags.request | flags.dump, family }, body), what);
  let isWhole = true;
  const chains = list(get.chain, inTable, "chains");
  isWhole = each(chains, (message) => {
    const { [chainAttribute.table]: of, [chainAttribute.name]: name } = byType(message);
    if (textOf(of) === table) reader.chain(textOf(name));
  }) && isWhole;
  const shown: { name: string; read: ElementReader }[] = [];
  isWhole = each(list(get.set, inTable, "sets"), (message) => {
    const found = byType(message);
    if (textOf(found[setAttribute.table]) !== table) return;
    const name = textOf(found[setAttribute.name]);
    if (name.startsWith("__") || !reader.set(name)) return; // anonymous
    const [key, data] = [found[setAttribute.keyType], found[setAttribute.dataType]];
    shown.push({ name, read: new ElementReader(typesOf(numberOf(key)), data && dataTypesOf(numberOf(data))) });
  }) && isWhole;
  for (const { name, read } of shown) {
    const messages = list(get.elements, join(inTable, textAttribute(listAttribute.set, name)), `elements of ${name}`);
    for (;;) {
      let next: IteratorResult<Uint8Array, boolean>;
      try {
        next = messages.next();
      } catch (error) {
        if (!(error instanceof NetlinkError) || error.errno !== noEntry) throw error;
        isWhole = false; // it has gone meanwhile
        break;
      }
      if (next.done) {
        isWhole = next.value && isWhole;
        break;
      }
      read.elements(next.value, (key, value) => reader.element(name, key, value));
      await new Promise((resolve) => setImmediate(resolve)); // others have their turn
    }
  }
  return isWhole;
}

/** Goes through a listing; of what is not there it is empty. @returns whether it is of one moment. */
function each(messages: Generator<Uint8Array, boolean>, show: (message: Uint8Array) => void): boolean {
  try {
    for (;;) {
      const next = messages.next();
      if (next.done) return next.value;
      show(next.value);
    }
  } catch (error) {
    if (error instanceof NetlinkError && error.errno === noEntry) return true;
    throw error;
  }
}

/** nft's types of what stands in keys and values, by their numbers: six bits for each part. */
type Type = "integer" | "ip" | "ip6" | "protocol" | "port" | "verdict";
const typeNumbers: Record<number, Type> = { 4: "integer", 7: "ip", 8: "ip6", 12: "protocol", 13: "port" };
/** Bytes; each part is filled up to four. */
const sizes: Record<Type, number> = { integer: 4, ip: 4, ip6: 16, protocol: 4, port: 4, verdict: 0 };

function typesOf(packed: number): Type[] {
  const types: Type[] = [];
  for (let rest = packed; rest > 0; rest = Math.floor(rest / 64)) {
    const type = typeNumbers[rest % 64];
    if (!type) throw new Error(`Cannot read a set of type ${packed}`);
    types.unshift(type);
  }
  return types;
}

function dataTypesOf(packed: number): Type[] {
  return packed >>> 0 === verdictType ? ["verdict"] : typesOf(packed);
}

/** Numbers as nft writes them. */
const protocolNames: Record<number, string> = { 6: "tcp", 17: "udp", 132: "sctp" };
const codes: Record<number, string> = { 0: "drop", 1: "accept", [-1]: "continue", [-5]: "return" };
const [jump, goto] = [-3, -4];

/** Reads the elements of sets of one type. Written for the interpreter: there are tens of thousands. */
class ElementReader {
  readonly #verdicts = new Map<string, string>();

  constructor(readonly keyTypes: readonly Type[], readonly dataTypes: readonly Type[] | undefined) {}

  /** The elements in a message. */
  elements(message: Uint8Array, show: (key: string, value?: string) => void): void {
    const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
    for (const { type, value: all } of attributesOf(message)) {
      if (type !== listAttribute.elements) continue;
      const start = all.byteOffset - message.byteOffset, end = start + all.length;
      for (let at = start; at + 4 <= end;) {
        const length = view.getUint16(at, true);
        if (length < 4) break;
        this.#element(message, view, at + 4, at + length, show);
        at += (length + 3) & ~3;
      }
    }
  }

  #element(
    bytes: Uint8Array,
    view: DataView,
    start: number,
    end: number,
    show: (key: string, value?: string) => void,
  ): void {
    let key = -1, keyEnd = -1, value: string | undefined;
    for (let at = start; at + 4 <= end;) {
      const length = view.getUint16(at, true), type = view.getUint16(at + 2, true) & 0x3fff;
      if (length < 4) return;
      // the attribute holds another: the value, or a verdict
      if (type === elementAttribute.key) key = at + 8;
      else if (type === elementAttribute.keyEnd) keyEnd = at + 8;
      else if (type === elementAttribute.data) {
        const isVerdict = (view.getUint16(at + 6, true) & 0x3fff) === dataAttribute.verdict;
        value = isVerdict
          ? this.#verdict(bytes.subarray(at + 8, at + length))
          : this.#text(bytes, view, at + 8, this.dataTypes!, -1);
      }
      at += (length + 3) & ~3;
    }
    if (key >= 0) show(this.#text(bytes, view, key, this.keyTypes, keyEnd), value);
  }

  #text(bytes: Uint8Array, view: DataView, at: number, types: readonly Type[], endAt: number): string {
    let text = "";
    for (let i = 0; i < types.length; i++) {
      const type = types[i];
      if (i > 0) text += " . ";
      if (type === "ip") {
        text += endAt >= 0 && view.getUint32(endAt) !== view.getUint32(at)
          ? rangeText(bytes.slice(at, at + 4), bytes.slice(endAt, endAt + 4))
          : `${bytes[at]}.${bytes[at + 1]}.${bytes[at + 2]}.${bytes[at + 3]}`;
      } else if (type === "port") text += view.getUint16(at);
      else if (type === "protocol") text += protocolNames[bytes[at]] ?? bytes[at];
      else if (type === "integer") text += view.getUint32(at, true); // the machine's own order
      else if (endAt >= 0) text += rangeText(bytes.slice(at, at + 16), bytes.slice(endAt, endAt + 16));
      else text += formatAddress(bytes.slice(at, at + 16));
      at += sizes[type];
      if (endAt >= 0) endAt += sizes[type];
    }
    return text;
  }

  /** Few differ, and many are the same. */
  #verdict(value: Uint8Array): string {
    const seen = String.fromCharCode(...value);
    let text = this.#verdicts.get(seen);
    if (text === undefined) {
      const { [verdictAttribute.code]: code, [verdictAttribute.chain]: chain } = byTypeOf(attributes(value));
      const number = numberOf(code) | 0;
      text = number === goto || number === jump
        ? `${number === goto ? "goto" : "jump"} ${textOf(chain)}`
        : codes[number] ?? String(number);
      this.#verdicts.set(seen, text);
    }
    return text;
  }
}

/** `10.0.0.0/8` from its first and last address. */
function rangeText(first: Uint8Array, last: Uint8Array): string {
  let prefix = 0;
  while (prefix < first.length * 8 && ((first[prefix >> 3] ^ last[prefix >> 3]) & (0x80 >> (prefix & 7))) === 0) {
    prefix++;
  }
  return formatCidr({ family: first.length === 4 ? "ip" : "ip6", bytes: first, prefix });
}

type ByType = Record<number, Uint8Array | undefined>;

function byType(message: Uint8Array): ByType {
  return byTypeOf(attributesOf(message));
}

function byTypeOf(all: Iterable<{ type: number; value: Uint8Array }>): ByType {
  const found: ByType = {};
  for (const { type, value } of all) found[type] = value;
  return found;
}

function textOf(value: Uint8Array | undefined): string {
  return value ? new TextDecoder().decode(value.subarray(0, -1)) : "";
}

/** In network order. */
function numberOf(value: Uint8Array | undefined): number {
  return value ? new DataView(value.buffer, value.byteOffset, value.byteLength).getUint32(0) : 0;
}

function join(...parts: Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((size, { length }) => size + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
