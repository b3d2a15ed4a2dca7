/**
 * A client that costs next to nothing: requests are bytes that were made before, answers are counted and not understood. What
 * is measured shares the machine with it.
 */

/** How to reach the API: its socket, or its port with TLS and a token. */
export type Target = { path: string } | { port: number; ca: string; token: string };

/** The bytes of a request, with what the target asks for. */
export function requestBytes(
  target: Target,
  method: string,
  path: string,
  body?: { type: string; text: string },
): Uint8Array<ArrayBuffer> {
  const lines = [
    `${method} ${path} HTTP/1.1`,
    "host: localhost",
    "accept: application/json",
    "user-agent: islet-bench",
  ];
  if ("token" in target) lines.push(`authorization: Bearer ${target.token}`);
  const encoder = new TextEncoder();
  const content = encoder.encode(body?.text ?? "");
  if (body) lines.push(`content-type: ${body.type}`, `content-length: ${content.length}`);
  return new Uint8Array([...encoder.encode(`${lines.join("\r\n")}\r\n\r\n`), ...content]);
}

async function connect(target: Target): Promise<Deno.Conn> {
  if ("path" in target) return await Deno.connect({ transport: "unix", path: target.path });
  const { port, ca } = target;
  return await Deno.connectTls({ hostname: "127.0.0.1", port, caCerts: [ca], alpnProtocols: ["http/1.1"] });
}

const latin1 = new TextDecoder("latin1");
const lineFeed = 10, carriageReturn = 13;

export class Connection implements Disposable {
  readonly #link: Deno.Conn;
  readonly #buffer = new Uint8Array(64 * 1024);
  #from = 0;
  #to = 0;

  private constructor(link: Deno.Conn) {
    this.#link = link;
  }

  static async open(target: Target): Promise<Connection> {
    return new Connection(await connect(target));
  }

  /** One request and its whole answer; throws unless that is a good one. Returns the length of the answer's body. */
  async ask(request: Uint8Array): Promise<number> {
    await this.#send(request);
    const head = await this.#head();
    const length = /^content-length: (\d+)/m.exec(head)?.[1];
    if (length !== undefined) {
      await this.#skip(Number(length));
      return Number(length);
    }
    for (let total = 0;;) {
      const size = parseInt(await this.#line(), 16);
      await this.#skip(size);
      await this.#line();
      if (size === 0) return total;
      total += size;
    }
  }

  /**
   * Sends a watch; resolves when it is open. `onLines` is called with how many lines have come, until the connection ends:
   * a line feed alone ends an event, one after a carriage return is of the transfer.
   */
  async watch(request: Uint8Array, onLines: (count: number, bytes: number) => void): Promise<void> {
    await this.#send(request);
    await this.#head();
    void this.#follow(onLines).catch(() => {});
  }

  async #follow(onLines: (count: number, bytes: number) => void): Promise<void> {
    let last = 0;
    do {
      const bytes = this.#buffer.subarray(this.#from, this.#to);
      let lines = 0;
      for (let at = bytes.indexOf(lineFeed); at >= 0; at = bytes.indexOf(lineFeed, at + 1)) {
        if ((at > 0 ? bytes[at - 1] : last) !== carriageReturn) lines++;
      }
      if (bytes.length > 0) {
        last = bytes[bytes.length - 1];
        onLines(lines, bytes.length);
      }
      this.#from = this.#to;
    } while (await this.#fill());
  }

  async #send(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) at += await this.#link.write(bytes.subarray(at));
  }

  async #head(): Promise<string> {
    let head = "";
    for (let line; (line = await this.#line()) !== "";) head += `${line.toLowerCase()}\n`;
    if (!/^http\/1\.1 20\d /.test(head)) throw new Error(`Cannot measure: the answer is ${head.split("\n")[0]}`);
    return head;
  }

  /** The next line, without its end. */
  async #line(): Promise<string> {
    for (;;) {
      const end = this.#buffer.subarray(0, this.#to).indexOf(lineFeed, this.#from);
      if (end >= 0) {
        const line = latin1.decode(this.#buffer.subarray(this.#from, end - 1));
        this.#from = end + 1;
        return line;
      }
      await this.#need();
    }
  }

  async #skip(count: number): Promise<void> {
    while (count > this.#to - this.#from) {
      count -= this.#to - this.#from;
      this.#from = this.#to;
      await this.#need();
    }
    this.#from += count;
  }

  async #need(): Promise<void> {
    if (!await this.#fill()) throw new Error("Cannot measure: the connection has ended in the middle of an answer");
  }

  async #fill(): Promise<boolean> {
    this.#buffer.copyWithin(0, this.#from, this.#to);
    this.#to -= this.#from;
    this.#from = 0;
    const count = await this.#link.read(this.#buffer.subarray(this.#to));
    this.#to += count ?? 0;
    return count !== null;
  }

  [Symbol.dispose](): void {
    try {
      this.#link.close();
    } catch { /* closed by the other side */ }
  }
}
