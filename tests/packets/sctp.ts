/**
 * SCTP by hand: the first packets of an association as raw bytes, so that a kernel which only tracks SCTP, without sockets for it, can
 * show how it forwards it. IPv4.
 */
import { type HostName, type PacketNetwork } from "./network.ts";

const libc = Deno.dlopen("libc.so.6", {
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  sendto: { parameters: ["i32", "buffer", "usize", "i32", "buffer", "u32"], result: "isize" },
  recv: { parameters: ["i32", "buffer", "usize", "i32"], result: "isize" },
  close: { parameters: ["i32"], result: "i32" },
}).symbols;
const [afInet, sockRaw, nonblock, sctp] = [2, 3, 0o4000, 132];
const [init, initAck] = [1, 2];

export interface SctpPacket {
  source: string;
  sourcePort: number;
  destinationPort: number;
  tag: number;
  chunk: number;
}

/** A raw socket of a host, which gets every SCTP packet that comes to it. */
export class SctpSocket implements Disposable {
  private constructor(readonly fd: number) {}

  static async open(network: PacketNetwork, host: HostName): Promise<SctpSocket> {
    const fd = await network.host(host).enter(() => libc.socket(afInet, sockRaw | nonblock, sctp));
    if (fd < 0) throw new Error("Cannot open a raw socket");
    return new SctpSocket(fd);
  }

  /** Begins an association. */
  sendInit(address: string, from: number, to: number): void {
    this.#send(address, packet({ from, to, tag: 0, chunk: init }));
  }

  /** Answers an association's beginning. */
  acknowledge({ source, sourcePort, destinationPort }: SctpPacket): void {
    this.#send(source, packet({ from: destinationPort, to: sourcePort, tag: initiateTag, chunk: initAck }));
  }

  /** The next packet, or undefined if none comes in a hundred turns of 5 ms. */
  async receive(): Promise<SctpPacket | undefined> {
    const buffer = new Uint8Array(2000);
    for (let turn = 0; turn < 100; turn++) {
      if (libc.recv(this.fd, buffer, BigInt(buffer.length), 0) > 0n) {
        const start = (buffer[0] & 15) * 4, view = new DataView(buffer.buffer, start);
        const [sourcePort, destinationPort, tag] = [view.getUint16(0), view.getUint16(2), view.getUint32(4)];
        return { source: buffer.slice(12, 16).join("."), sourcePort, destinationPort, tag, chunk: buffer[start + 12] };
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  [Symbol.dispose](): void {
    libc.close(this.fd);
  }

  #send(address: string, bytes: Uint8Array<ArrayBuffer>): void {
    const to = Uint8Array.from([afInet, 0, 0, 0, ...address.split(".").map(Number), ...Array(8).fill(0)]);
    libc.sendto(this.fd, bytes, BigInt(bytes.length), 0, to, to.length);
  }
}

const initiateTag = 0x15e71234;

/** A packet with one INIT or INIT ACK chunk (RFC 9260). */
function packet({ from, to, tag, chunk }: { from: number; to: number; tag: number; chunk: number }) {
  const bytes = new Uint8Array(32), view = new DataView(bytes.buffer);
  view.setUint16(0, from);
  view.setUint16(2, to);
  view.setUint32(4, tag);
  bytes[12] = chunk;
  view.setUint16(14, 20); // length of the chunk
  view.setUint32(16, initiateTag);
  view.setUint32(20, 65536); // window
  view.setUint16(24, 1); // streams out and in
  view.setUint16(26, 1);
  view.setUint32(28, 1); // first sequence number
  view.setUint32(8, crc32c(bytes), true);
  return bytes;
}

function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  return ~crc >>> 0;
}
