/**
 * Exec and attach over SPDY/3.1, the older way into a runtime's streaming server: the one in which stdin can end while
 * output goes on, whatever the runtime's version. Each of stdin, stdout, stderr, resize and the error channel is a stream
 * of its own on one connection.
 *
 * Of SPDY only what that server (moby/spdystream) uses is spoken. Header blocks are zlib streams: ours are sent as stored
 * blocks, the peer's are not looked at, so nothing is compressed here. There are no windows: that server keeps none.
 */
import { type ExitStatus, type OutputChunk, parseStatus, type RemoteProcess } from "./streams.ts";
import { concat, StreamError } from "./bytes.ts";
import { openUpgrade, type UpgradedConnection } from "./upgrade.ts";

/** Which streams a process was asked for with. */
export interface ProcessStreams {
  stdin: boolean;
  stdout: boolean;
  stderr: boolean;
  tty: boolean;
}

const control = { synStream: 1, synReply: 2, reset: 3, ping: 6, goAway: 7 };
const fin = 1;
const largestWrite = 64 * 1024;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * Opens the URL that Exec or Attach answered with. The signal ends the connection at any time. Throws an
 * UpgradeRefusedError when the server does not speak SPDY.
 */
export async function openProcessSpdy(
  url: string,
  streams: ProcessStreams,
  { signal }: { signal?: AbortSignal } = {},
): Promise<RemoteProcess> {
  const connection = await openUpgrade(url, {
    method: "POST",
    headers: [
      ["Upgrade", "SPDY/3.1"],
      ["X-Stream-Protocol-Version", "v4.channel.k8s.io"],
      ["Content-Length", "0"],
    ],
    signal,
  });
  try {
    const session = new Session(connection);
    await session.open(streams);
    return session.process(signal);
  } catch (err) {
    connection.close();
    signal?.throwIfAborted();
    throw new StreamError(`Cannot open a stream: ${(err as Error).message}`, { cause: err });
  }
}

type StreamName = "error" | "stdin" | "stdout" | "stderr" | "resize";

/** One connection: which stream has which number, and the frames. */
class Session {
  #names = new Map<number, StreamName>();
  #ids = new Map<StreamName, number>();
  #writing: Promise<unknown> = Promise.resolve();
  #firstBlock = true;
  /** The stream of the present data frame, and how much of it has not been read. */
  #stream: StreamName | undefined;
  #left = 0;
  /** Where frames of data are made, one after the other. */
  #room = new Uint8Array(0);

  constructor(private connection: UpgradedConnection) {}

  async open({ stdin, stdout, stderr, tty }: ProcessStreams): Promise<void> {
    const wanted: [StreamName, boolean][] = [
      ["error", true],
      ["stdin", stdin],
      ["stdout", stdout],
      ["stderr", stderr && !tty],
      ["resize", tty],
    ];
    for (const [index, [name]] of wanted.filter(([, is]) => is).entries()) {
      const id = 2 * index + 1; // a client's streams are odd
      this.#names.set(id, name);
      this.#ids.set(name, id);
      const frame = synStreamFrame(id, { streamtype: name }, this.#firstBlock);
      await this.#send(() => frame);
      this.#firstBlock = false;
    }
  }

  process(signal: AbortSignal | undefined): RemoteProcess {
    const status = Promise.withResolvers<ExitStatus>();
    status.promise.catch(() => {}); // told to whoever asks, and nobody need ask
    const said: Uint8Array[] = [];
    const output = new ReadableStream<OutputChunk>({
      pull: async (controller) => {
        try {
          for (let frame; (frame = await this.#next());) {
            if (frame.stream === "error") said.push(frame.data.slice());
            else if (frame.data.length > 0 && (frame.stream === "stdout" || frame.stream === "stderr")) {
              return controller.enqueue({ stream: frame.stream, data: frame.data });
            }
          }
          if (said.length === 0) {
            throw new StreamError("Cannot tell how the command ended: the stream closed without a status");
          }
          const ended = parseStatus(decoder.decode(concat(said)));
          if (ended instanceof Error) status.reject(ended);
          else status.resolve(ended);
          controller.close();
          this.connection.close();
        } catch (err) {
          const cause = signal?.aborted ? signal.reason : err;
          status.reject(cause);
          controller.error(cause);
          this.connection.close();
        }
      },
      cancel: () => {
        status.reject(new StreamError("Cannot tell how the command ended: its output was not read to the end"));
        this.connection.close();
      },
    }, { highWaterMark: 0 });
    return {
      output,
      status: status.promise,
      write: async (data) => {
        for (let at = 0; at < data.length; at += largestWrite) {
          await this.#sendOn("stdin", data.subarray(at, at + largestWrite));
        }
      },
      closeStdin: async () => {
        await this.#sendOn("stdin", new Uint8Array(0), fin);
        return true;
      },
      resize: (columns, rows) =>
        this.#sendOn("resize", encoder.encode(JSON.stringify({ Width: columns, Height: rows }))),
      close: () => this.connection.close(),
    };
  }

  /** The next data of a stream; undefined when the server is done: it told how the command ended, and left. */
  async #next(): Promise<{ stream: StreamName | undefined; data: Uint8Array } | undefined> {
    while (true) {
      if (this.#left > 0) {
        const data = await this.connection.reader.readSome(this.#left);
        if (!data) throw new StreamError("the connection ended");
        this.#left -= data.length;
        return { stream: this.#stream, data };
      }
      let head: Uint8Array<ArrayBuffer>;
      try {
        head = await this.connection.reader.read(8);
      } catch {
        return undefined; // the connection's end is the only one there is
      }
      const view = new DataView(head.buffer);
      const length = view.getUint32(4) & 0xffffff;
      if (!(head[0] & 0x80)) {
        this.#stream = this.#names.get(view.getUint32(0));
        this.#left = length;
        continue;
      }
      const data = await this.connection.reader.read(length);
      const type = view.getUint16(2);
      if (type === control.ping && data.length === 4 && (data[3] & 1) === 0) {
        await this.#send(() => controlFrame(type, 0, data));
      }
      if (type === control.goAway) return undefined;
    }
  }

  #sendOn(name: StreamName, data: Uint8Array, flags = 0): Promise<void> {
    const id = this.#ids.get(name);
    if (id === undefined) return Promise.reject(new StreamError(`Cannot write to ${name}: it was not asked for`));
    return this.#send(() => {
      if (data.length > this.#room.length - frameHead) this.#room = new Uint8Array(frameHead + data.length);
      return dataFrame(id, flags, data, this.#room);
    });
  }

  /** The frame is made when its turn has come. */
  #send(frame: () => Uint8Array): Promise<void> {
    const sent = this.#writing.then(() => this.connection.write(frame()));
    this.#writing = sent.catch(() => {});
    return sent;
  }
}

const frameHead = 8;

/** Made at the beginning of `room`, which must be large enough. */
function dataFrame(
  id: number,
  flags: number,
  data: Uint8Array,
  room: Uint8Array = new Uint8Array(frameHead + data.length),
): Uint8Array {
  const frame = room.subarray(0, frameHead + data.length);
  const view = new DataView(frame.buffer, frame.byteOffset);
  view.setUint32(0, id);
  view.setUint32(4, data.length);
  frame[4] = flags;
  frame.set(data, frameHead);
  return frame;
}

function controlFrame(type: number, flags: number, payload: Uint8Array): Uint8Array {
  const frame = dataFrame(type, flags, payload);
  frame[0] = 0x80;
  frame[1] = 3;
  return frame;
}

/** SYN_STREAM: its own number, no associated stream, priority 0, and the headers. */
function synStreamFrame(id: number, headers: Record<string, string>, firstBlock: boolean): Uint8Array {
  const block = headerBlock(headers);
  const length = [block.length & 0xff, block.length >> 8];
  const stored = new Uint8Array([
    ...(firstBlock ? [0x78, 0x01] : []), // zlib's header, once a connection
    ...[0, ...length, ...length.map((byte) => ~byte & 0xff)], // a stored block that is not the last
    ...block,
    ...[0, 0, 0, 0xff, 0xff], // an empty one: the reader hands on what it has
  ]);
  const payload = new Uint8Array(10 + stored.length);
  new DataView(payload.buffer).setUint32(0, id);
  payload.set(stored, 10);
  return controlFrame(control.synStream, 0, payload);
}

/** How many there are; then each name and value behind its length. */
function headerBlock(headers: Record<string, string>): Uint8Array {
  const texts = Object.entries(headers).flat().map((text) => encoder.encode(text));
  const block = new Uint8Array(4 + texts.reduce((sum, text) => sum + 4 + text.length, 0));
  const view = new DataView(block.buffer);
  view.setUint32(0, texts.length / 2);
  let at = 4;
  for (const text of texts) {
    view.setUint32(at, text.length);
    block.set(text, at + 4);
    at += 4 + text.length;
  }
  return block;
}
