/** A headless Chromium (Debian's), driven by its DevTools protocol. */
import { patienceMs, sleep } from "./node_client.ts";

interface Answer {
  id?: number;
  result?: Record<string, unknown>;
  error?: { message: string };
  method?: string;
  sessionId?: string;
  params?: Record<string, unknown>;
}

export class Chromium implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #socket: WebSocket;
  readonly #dir: string;
  readonly #pending = new Map<number, PromiseWithResolvers<Record<string, unknown>>>();
  #last = 0;
  #session?: string;
  /** What the page has told as errors, refusals of its policy among them. */
  readonly problems: string[] = [];

  private constructor(process: Deno.ChildProcess, socket: WebSocket, dir: string) {
    this.#process = process;
    this.#socket = socket;
    this.#dir = dir;
    socket.onmessage = ({ data }) => this.#heard(JSON.parse(data) as Answer);
  }

  /** Starts it with one empty page. */
  static async start({ width = 1400, height = 900, dark = false } = {}): Promise<Chromium> {
    const dir = await Deno.makeTempDir({ prefix: "islet-chromium-" });
    const process = new Deno.Command("chromium", {
      args: [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--no-first-run",
        "--ignore-certificate-errors",
        "--remote-debugging-port=0",
        `--user-data-dir=${dir}`,
        `--window-size=${width},${height}`,
        "about:blank",
      ],
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    const url = await addressOf(process.stderr);
    const socket = new WebSocket(url);
    await new Promise((resolve, reject) => {
      socket.onopen = resolve;
      socket.onerror = () => reject(new Error("Cannot reach Chromium"));
    });
    const browser = new Chromium(process, socket, dir);
    const { targetId } = await browser.send("Target.createTarget", { url: "about:blank" });
    const { sessionId } = await browser.send("Target.attachToTarget", { targetId, flatten: true });
    browser.#session = sessionId as string;
    for (const domain of ["Page", "Runtime", "Log"]) await browser.send(`${domain}.enable`);
    await browser.resize(width, height);
    const features = [{ name: "prefers-color-scheme", value: dark ? "dark" : "light" }];
    await browser.send("Emulation.setEmulatedMedia", { features });
    return browser;
  }

  async send(method: string, params: Record<string, unknown> = {}): Promise<Record<string, unknown>> {
    const id = ++this.#last;
    const answer = Promise.withResolvers<Record<string, unknown>>();
    this.#pending.set(id, answer);
    this.#socket.send(JSON.stringify({ id, method, params, ...(this.#session ? { sessionId: this.#session } : {}) }));
    return await answer.promise;
  }

  async resize(width: number, height: number): Promise<void> {
    await this.send("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile: false });
  }

  async open(url: string): Promise<void> {
    const { errorText } = await this.send("Page.navigate", { url });
    if (errorText) throw new Error(`Cannot open ${url}: ${errorText}`);
    await this.until("the page is there", "document.readyState === 'complete'");
  }

  /** The value of an expression in the page; promises are waited for. */
  async evaluate<T>(expression: string): Promise<T> {
    const { result, exceptionDetails } = await this.send("Runtime.evaluate", {
      expression,
      awaitPromise: true,
      returnByValue: true,
    }) as { result: { value: T }; exceptionDetails?: { text: string; exception?: { description?: string } } };
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }

  /** Waits until an expression is true in the page; returns its value. */
  async until<T>(what: string, expression: string, timeoutMs = patienceMs): Promise<T> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const value = await this.evaluate<T>(expression);
      if (value) return value;
      if (Date.now() > deadline) {
        const text = await this.evaluate<string>("document.body.innerText");
        throw new Error(`Waited in vain until ${what}; the page shows:\n${text}\n${this.problems.join("\n")}`);
      }
      await sleep(50);
    }
  }

  /** A PNG of what is seen. */
  async screenshot(): Promise<Uint8Array> {
    const { data } = await this.send("Page.captureScreenshot", { format: "png" });
    return Uint8Array.from(atob(data as string), (c) => c.charCodeAt(0));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#session = undefined;
    await Promise.race([this.send("Browser.close"), this.#process.status]);
    this.#socket.close();
    await this.#process.status;
    // its helpers, which end a moment later, may write there until then
    const deadline = Date.now() + 10_000;
    for (;;) {
      try {
        return await Deno.remove(this.#dir, { recursive: true });
      } catch (err) {
        if (Date.now() > deadline) throw err;
        await sleep(100);
      }
    }
  }

  #heard({ id, result, error, method, params }: Answer): void {
    if (id !== undefined) {
      const answer = this.#pending.get(id);
      this.#pending.delete(id);
      if (error) answer?.reject(new Error(error.message));
      else answer?.resolve(result ?? {});
    } else if (method === "Runtime.exceptionThrown") {
      const { exceptionDetails } = params as {
        exceptionDetails: { text: string; exception?: { description?: string } };
      };
      this.problems.push(exceptionDetails.exception?.description ?? exceptionDetails.text);
    } else if (method === "Log.entryAdded") {
      const { entry } = params as { entry: { level: string; text: string; source: string } };
      if (entry.level === "error" && entry.source !== "network") this.problems.push(entry.text);
    }
  }
}

/** Chromium says on standard error where it listens; the rest of what it says is read and dropped. */
async function addressOf(stderr: ReadableStream<Uint8Array>): Promise<string> {
  const found = Promise.withResolvers<string>();
  let text = "";
  (async () => {
    for await (const chunk of stderr.pipeThrough(new TextDecoderStream())) {
      if (text.length < 100_000) text += chunk;
      const [, url] = /DevTools listening on (ws:\S+)/.exec(text) ?? [];
      if (url) found.resolve(url);
    }
    found.reject(new Error(`Chromium ended before it listened: ${text}`));
  })();
  return await found.promise;
}
