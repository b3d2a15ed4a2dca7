/** A client's connection that was taken over from HTTP, and its orderly end. */
import { ByteReader, bytesOfStream, PendingWrites } from "../../../cri/bytes.ts";
import type { Clock } from "../../clock.ts";
import type { UpgradedSocket } from "../request.ts";

/** How long the client has to close its side when ours is closed. */
const lingerMs = 5000;

export class ClientConnection {
  readonly reader: ByteReader;
  readonly #stream: ReadableStreamDefaultReader<Uint8Array>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #writes = new PendingWrites();
  #finished = false;

  /** `gone` aborts when the connection is closed for good, whoever did it. */
  constructor(private readonly socket: UpgradedSocket, readonly gone: AbortSignal, private readonly clock: Clock) {
    this.#stream = socket.readable.getReader();
    this.reader = new ByteReader(bytesOfStream(this.#stream));
    this.#writer = socket.writable.getWriter();
    gone.addEventListener("abort", () => this.#writes.close(), { once: true });
    for (const end of [this.#stream.closed, this.#writer.closed, this.#writer.ready]) end.catch(() => {});
  }

  /** Resolves when the connection has taken the bytes; they are the caller's again then. */
  write(data: Uint8Array): Promise<void> {
    return this.#writes.until(this.#writer.write(data));
  }

  /**
   * Sends what was written and that nothing more comes; drops what the client still sends, so that it can read our last
   * words in peace, until it closes as well. Resolves when the connection is gone.
   */
  async finish(): Promise<void> {
    const gone = new Promise<void>((resolve) => {
      this.gone.addEventListener("abort", () => resolve(), { once: true });
      if (this.gone.aborted) resolve();
    });
    if (!this.#finished) {
      this.#finished = true;
      const cancel = this.clock.after(lingerMs, () => this.close());
      this.#writer.close().catch(() => this.close());
      void this.#drop();
      await gone;
      cancel();
    }
    await gone;
  }

  async #drop(): Promise<void> {
    try {
      while (!(await this.#stream.read()).done);
    } catch {
      // gone
    }
  }

  /** Ends the connection at once. */
  close(): void {
    this.#finished = true;
    this.#writes.close();
    this.socket.close();
  }
}
