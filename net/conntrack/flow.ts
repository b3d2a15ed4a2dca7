/** Messages of ctnetlink ↔ flows: what conntrack remembers of a connection. Pure. Numbers of the kernel's nfnetlink_conntrack.h. */
import { type Family, formatAddress } from "../addr.ts";
import { attributes, attributesOf, flags, request } from "../netlink/messages.ts";

/** One direction of a connection. */
export interface Tuple {
  source: string;
  sourcePort: number;
  destination: string;
  destinationPort: number;
  protocol: number;
}

export interface Flow {
  original: Tuple;
  /** What the answers look like: their source is who really answers. */
  reply: Tuple;
  /** The attributes by which the kernel finds it again. */
  handle: Uint8Array;
}

export const udp = 17;

const subsystem = 1, get = 1, remove = 2;
const attribute = { original: 1, reply: 2, id: 12, zone: 18 };
const tuple = { ip: 1, proto: 2 };
const address = { source4: 1, destination4: 2, source6: 3, destination6: 4 };
const proto = { number: 1, sourcePort: 2, destinationPort: 3 };

/** The request for all flows of a family. */
export function listRequest(family: Family): Uint8Array<ArrayBuffer> {
  return request({ subsystem, type: get, flag: flags.request | flags.dump, family }, new Uint8Array());
}

/** The request to delete one flow. */
export function deleteRequest(family: Family, { handle }: Flow): Uint8Array<ArrayBuffer> {
  return request({ subsystem, type: remove, flag: flags.request | flags.ack, family }, handle);
}

/** Reads a flow that the kernel lists; undefined for one without ports. */
export function readFlow(message: Uint8Array): Flow | undefined {
  let original: Tuple | undefined, reply: Tuple | undefined;
  const kept: Uint8Array[] = [];
  for (const { type, whole, value } of attributesOf(message)) {
    if (type === attribute.original) original = readTuple(value);
    if (type === attribute.reply) reply = readTuple(value);
    if (type === attribute.original || type === attribute.id || type === attribute.zone) kept.push(whole);
  }
  if (!original || !reply) return undefined;
  const handle = new Uint8Array(kept.reduce((size, { length }) => size + ((length + 3) & ~3), 0));
  let at = 0;
  for (const each of kept) {
    handle.set(each, at);
    at += (each.length + 3) & ~3;
  }
  return { original, reply, handle };
}

/** The protocol of a flow that the kernel lists, without reading the rest: most are none of ours. */
export function protocolOf(message: Uint8Array): number | undefined {
  for (const { type, value } of attributesOf(message)) {
    if (type !== attribute.original) continue;
    for (const inner of attributes(value)) {
      if (inner.type !== tuple.proto) continue;
      for (const part of attributes(inner.value)) if (part.type === proto.number) return part.value[0];
    }
  }
  return undefined;
}

function readTuple(bytes: Uint8Array): Tuple | undefined {
  const found: Partial<Tuple> = {};
  for (const { type, value } of attributes(bytes)) {
    for (const part of attributes(value)) {
      if (type === tuple.ip) {
        const text = () => formatAddress(part.value);
        if (part.type === address.source4 || part.type === address.source6) found.source = text();
        if (part.type === address.destination4 || part.type === address.destination6) found.destination = text();
      } else if (type === tuple.proto) {
        if (part.type === proto.number) found.protocol = part.value[0];
        if (part.type === proto.sourcePort) found.sourcePort = part.value[0] << 8 | part.value[1];
        if (part.type === proto.destinationPort) found.destinationPort = part.value[0] << 8 | part.value[1];
      }
    }
  }
  const { source, destination, protocol, sourcePort, destinationPort } = found;
  if (source === undefined || destination === undefined || protocol === undefined) return undefined;
  if (sourcePort === undefined || destinationPort === undefined) return undefined;
  return { source, destination, protocol, sourcePort, destinationPort };
}
