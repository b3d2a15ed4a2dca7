/**
 * The life of one connection: request after request, each with its own deadline, until one side has enough or a route
 * takes the connection over.
 *
 *     idle ─► head ─► Request ─► app ─► Response ─► idle …
 *                                 └► accept(): the raw connection
 */
import type { Logger } from "../../telemetry/log.ts";
import type { RequestEnv } from "../request.ts";
import { ApiError, statusOf } from "../status.ts";
import { type Body, bodyOf, bodyStream, tooLarge } from "./body.ts";
import { Deadline } from "./deadline.ts";
import { headEnd, HeadError, latin1Bytes, parseHead, type RequestHead, responseHead } from "./head.ts";
import { type Limits, streamed } from "./limits.ts";
import { type Link, Source } from "./source.ts";
import { takeOver } from "./upgrade.ts";
import { Writer } from "./writer.ts";

export type Fetch = (request: Request, env: RequestEnv) => Response | Promise<Response>;

export interface ConnectionOptions {
  fetch: Fetch;
  /** What every request of this connection comes with. */
  env: RequestEnv;
  limits: Limits;
  scheme: "http" | "https";
  /** Called once when the connection is closed, whatever it had become. */
  onClose(): void;
  log: Pick<Logger, "warn">;
}

/** What is read of a body that nobody wanted, so that the connection can go on. */
const drainable = 64 * 1024;
const drainMs = 100;
/** How long a peer may go on sending after it was refused, before the connection is cut. */
const lingerMs = 1000;

export class Connection {
  readonly #link: Link;
  readonly #options: ConnectionOptions;
  readonly #source: Source;
  readonly #writer: Writer;
  readonly #due = new Deadline();
  #state: "idle" | "busy" | "raw" | "closed" = "idle";
  #closing = false;
  /** Something that the peer sent was not read. */
  #unread = false;
  /** Of the request under way. */
  #gone?: AbortController;

  constructor(link: Link, options: ConnectionOptions) {
    this.#link = link;
    this.#options = options;
    this.#source = new Source(link);
    this.#writer = new Writer(link, options.limits.stalledMs, () => this.destroy());
  }

  /** Serves until the connection is at its end; never rejects. */
  async run(): Promise<void> {
    try {
      for (let first = true; await this.#one(first); first = false);
      if (this.#unread) await this.#linger();
    } catch (err) {
      this.#options.log.warn("A connection of the API failed", { err });
    } finally {
      if (this.#state !== "raw") this.destroy();
    }
  }

  /** Whether nobody waits for an answer on it. */
  get isIdle(): boolean {
    return this.#state === "idle";
  }

  /** Takes no further request; ends at once if none is under way. */
  finish(): void {
    this.#closing = true;
    if (this.#state === "idle") this.destroy();
  }

  /** Cuts the connection. */
  destroy(): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#due.end();
    this.#writer.closed();
    this.#gone?.abort();
    try {
      this.#link.close();
    } catch { /* closed already */ }
    this.#options.onClose();
  }

  /** One request; false when no other is to follow. */
  async #one(first: boolean): Promise<boolean> {
    const { limits } = this.#options;
    let head: RequestHead | undefined;
    try {
      head = await this.#head(first);
      if (!head) return false;
      const longest = head.body.type === "length" ? head.body.length : 0;
      // what is declared too large is not begun
      if (longest > limits.body && !isStreamed(head)) throw tooLarge(limits.body);
    } catch (err) {
      if (this.#isClosed()) return false;
      await this.#refuse(err, head?.method === "HEAD");
      return false;
    }
    this.#state = "busy";
    const keep = await this.#answer(head);
    if (this.#isClosed() || this.#isRaw()) return false;
    this.#state = "idle";
    return keep && !this.#closing;
  }

  /** The next request's head; undefined when the peer has ended, or taken too long. */
  async #head(first: boolean): Promise<RequestHead | undefined> {
    const { limits } = this.#options;
    const source = this.#source;
    if (source.ahead.length === 0) {
      this.#deadline(first ? limits.headMs : limits.idleMs);
      if (!await source.more()) return undefined;
    }
    this.#deadline(limits.headMs, 408);
    for (let from = 0;;) {
      // a line's end or two before the first line is no harm
      while (from === 0 && (source.ahead[0] === 13 || source.ahead[0] === 10)) source.use(1);
      const end = headEnd(source.ahead, Math.max(0, from - 3));
      if (end >= 0 && end <= limits.head) {
        const head = parseHead(source.ahead.subarray(0, end), limits.headers);
        source.use(end);
        this.#deadline(undefined);
        return head;
      }
      if (end > limits.head || source.ahead.length > limits.head) {
        throw new HeadError(431, `the request's head is larger than ${limits.head} bytes`);
      }
      from = source.ahead.length;
      // the first byte says so when this is no HTTP at all
      if (from > 0 && !/^[A-Za-z]/.test(String.fromCharCode(source.ahead[0]))) {
        throw new HeadError(400, "this is no HTTP request");
      }
      if (!await source.more()) return undefined;
    }
  }

  async #answer(head: RequestHead): Promise<boolean> {
    const { limits, fetch, env, log } = this.#options;
    const gone = this.#gone = new AbortController();
    const body = bodyOf(this.#source, head, isStreamed(head) ? Infinity : limits.body);
    const ends: (() => void)[] = [];
    let response: Response;
    let accepted = false;
    const upgrade = head.upgrade === undefined ? undefined : {
      accept: (headers: Record<string, string>) => {
        if (accepted) throw new Error("Cannot take over a connection twice");
        accepted = true;
        this.#state = "raw";
        this.#due.end();
        this.#writer.limit(undefined);
        void this.#writer.write(latin1Bytes(responseHead(101, Object.entries(headers)))).catch(() => {});
        return takeOver(this.#source, this.#writer, () => this.destroy());
      },
    };
    try {
      const request = this.#request(head, body, gone.signal);
      // whether the client is still there can only be known by reading what comes next
      if (body.complete && !upgrade) this.#watchForEnd(gone);
      const onEnd = (ended: () => void) => void ends.push(ended);
      const patient = () => this.#writer.limit(undefined);
      response = await fetch(request, { ...env, ...(upgrade ? { upgrade } : {}), onEnd, patient });
    } catch (err) {
      if (!(err instanceof ApiError)) log.warn("The API failed", { path: pathOf(head), err });
      response = statusResponse(err);
    } finally {
      this.#deadline(undefined);
    }
    try {
      if (accepted || this.#isClosed()) {
        void response.body?.cancel().catch(() => {});
        return false;
      }
      if (body.complete && !upgrade) this.#watchForEnd(gone);
      return await this.#writer.response(response, {
        head: head.method === "HEAD",
        chunks: head.minor === 1,
        keep: head.keepAlive && upgrade === undefined && !this.#closing,
        gone: gone.signal,
        // a body that nobody read is read now, if it is short; else the connection ends with this answer
        settle: () => this.#drain(body),
      });
    } finally {
      if (!accepted) this.#writer.limit(limits.stalledMs);
      this.#unread = !body.complete;
      // the signal of a connection that was taken over tells of its end, whenever that comes
      if (!accepted) this.#gone = undefined;
      for (const ended of ends) ended();
    }
  }

  #request(head: RequestHead, body: Body, signal: AbortSignal): Request {
    const { scheme, limits } = this.#options;
    const { method, headers } = head;
    const url = urlOf(head, scheme);
    try {
      if (head.body.type === "none" || method === "GET" || method === "HEAD") {
        return new Request(url, { method, headers, signal });
      }
      const begin = async () => {
        this.#deadline(limits.bodyMs, 408);
        if (head.expectsContinue) await this.#writer.write(latin1Bytes("HTTP/1.1 100 Continue\r\n\r\n"));
      };
      const stream = bodyStream(
        isStreamed(head) ? this.#patiently(body) : body,
        begin,
        () => this.#deadline(undefined),
      );
      return new Request(url, { method, headers, signal, body: stream, duplex: "half" } as RequestInit);
    } catch (err) {
      if (err instanceof ApiError) throw err;
      throw new ApiError(400, "BadRequest", `the method ${JSON.stringify(method)} is not one of HTTP's`);
    }
  }

  /** A body of any length: the client has its time for each piece, and the reader all that it needs. */
  #patiently(body: Body): Pick<Body, "next"> {
    return {
      next: async () => {
        this.#deadline(this.#options.limits.bodyMs, 408);
        const bytes = await body.next();
        this.#deadline(undefined);
        return bytes;
      },
    };
  }

  #watchForEnd(gone: AbortController): void {
    if (gone.signal.aborted || this.#source.ahead.length > 0) return;
    void this.#source.more().then((more) => {
      if (!more) gone.abort();
    });
  }

  /** Reads the rest of a body that nobody wanted; false when it is too long to be worth it. */
  async #drain(body: Body): Promise<boolean> {
    if (body.complete) return true;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<false>((resolve) => timer = setTimeout(() => resolve(false), drainMs));
    const all = async () => {
      for (let room = drainable; room > 0;) {
        const bytes = await body.next();
        if (!bytes) return body.complete;
        room -= bytes.length;
      }
      return false;
    };
    try {
      return await Promise.race([all(), late]);
    } catch {
      return false; // it is wrong: nothing can follow
    } finally {
      clearTimeout(timer);
    }
  }

  /** Answers what is no request, as far as that can be. */
  async #refuse(err: unknown, head: boolean): Promise<void> {
    this.#unread = true;
    const response = err instanceof HeadError ? plain(err.code, err.message) : statusResponse(err);
    await this.#writer.response(response, {
      head,
      chunks: false,
      keep: false,
      gone: new AbortController().signal,
      settle: () => Promise.resolve(false),
    });
  }

  /**
   * Ends our half and reads on for a moment: closed at once, with bytes unread, the kernel would cut off the answer as
   * well.
   */
  async #linger(): Promise<void> {
    if (this.#isClosed() || this.#source.ended) return;
    this.#deadline(lingerMs);
    try {
      await this.#link.closeWrite();
    } catch {
      return;
    }
    for (let room = 1024 * 1024; room > 0;) {
      const bytes = await this.#source.next();
      if (!bytes) return;
      room -= bytes.length;
    }
  }

  /** Cuts the connection after so long, with a last word where one fits. */
  #deadline(ms: number | undefined, code?: 408): void {
    if (ms === undefined || this.#state === "closed") return this.#due.clear();
    this.#due.set(ms, () => {
      if (code === undefined) return this.destroy();
      const answer = latin1Bytes(responseHead(code, [["connection", "close"], ["content-length", "0"]]));
      void this.#writer.write(answer).catch(() => {}).finally(() => this.destroy());
    });
  }

  // as methods, because the compiler takes fields to be as they were before an await
  #isClosed(): boolean {
    return this.#state === "closed";
  }

  #isRaw(): boolean {
    return this.#state === "raw";
  }
}

/** The target of a request line: a path, or (from clients that take us for a proxy) a whole URL. */
function urlOf({ target, headers }: RequestHead, scheme: string): URL {
  const host = headers.get("host") ?? "";
  const origin = `${scheme}://${/^[\w.:[\]-]+$/.test(host) ? host : "localhost"}`;
  try {
    if (target.startsWith("/")) return new URL(origin + target);
    if (/^https?:\/\//i.test(target)) return new URL(target);
    if (target === "*") return new URL(origin);
  } catch { /* malformed */ }
  throw new ApiError(400, "BadRequest", "the request's path is malformed");
}

function statusResponse(err: unknown): Response {
  const status = statusOf(err);
  return Response.json(status, { status: status.code });
}

function plain(code: number, text: string): Response {
  return new Response(`${code}: ${text}\n`, { status: code, headers: { "content-type": "text/plain; charset=utf-8" } });
}

/** Whether the body has no limit. */
function isStreamed({ method, target }: RequestHead): boolean {
  return streamed.test(`${method} ${target}`);
}

/** A path for the log, without its query: that may hold what is secret. */
function pathOf({ target }: RequestHead): string {
  return target.split("?")[0].slice(0, 200);
}
