/** The runtime's end of a SPDY connection, for tests: streams and their frames by hand. */
import assert from "node:assert/strict";
import { inflateSync } from "node:zlib";
import { type ByteReader, writeAll } from "./bytes.ts";

const decoder = new TextDecoder();

export interface Frame {
  control: boolean;
  /** A data frame's stream, a control frame's type. */
  id: number;
  flags: number;
  data: Uint8Array<ArrayBuffer>;
}

/** The server's side of a connection. */
export class Peer {
  constructor(readonly head: string, private reader: ByteReader, private connection: Deno.Conn) {}

  async next(): Promise<Frame> {
    const head = await this.reader.read(8);
    const view = new DataView(head.buffer);
    const data = await this.reader.read(view.getUint32(4) & 0xffffff);
    const control = (head[0] & 0x80) !== 0;
    return { control, id: control ? view.getUint16(2) : view.getUint32(0), flags: head[4], data };
  }

  async send(id: number, data: Uint8Array, { control = false, flags = 0 } = {}): Promise<void> {
    const frame = new Uint8Array(8 + data.length);
    const view = new DataView(frame.buffer);
    view.setUint32(0, control ? 0x80030000 + id : id);
    view.setUint32(4, data.length);
    frame[4] = flags;
    frame.set(data, 8);
    await writeAll(this.connection, frame);
  }

  /** Takes `count` SYN_STREAMs; gives the streams' types by their numbers, read as zlib reads them. */
  async opened(count: number): Promise<Record<number, string>> {
    const types: Record<number, string> = {};
    const blocks: Uint8Array[] = [];
    let before = 0;
    for (; count > 0; count--) {
      const { control, id, data } = await this.next();
      assert.deepEqual([control, id], [true, 1]);
      blocks.push(data.subarray(10));
      // the blocks of a connection are one zlib stream, which does not end
      const all = inflateSync(Uint8Array.from(blocks.flatMap((block) => [...block])), { finishFlush: 2 });
      const block = all.subarray(before);
      before = all.length;
      const view = new DataView(block.buffer, block.byteOffset);
      assert.equal(view.getUint32(0), 1);
      const name = decoder.decode(block.subarray(8, 8 + view.getUint32(4)));
      assert.equal(name, "streamtype");
      types[new DataView(data.buffer).getUint32(0)] = decoder.decode(block.subarray(12 + name.length));
    }
    return types;
  }
}
