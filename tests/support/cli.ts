/** A verb of islet's command line that is talked to while it runs. */
import type { CommandResult } from "./namespaces.ts";
import { isletCommand, type TestNode } from "./node.ts";
import { patienceMs } from "./node_client.ts";

export class CliProcess implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #output: Record<"stdout" | "stderr", string> = { stdout: "", stderr: "" };
  readonly #ended: Promise<CommandResult>;
  #changed = Promise.withResolvers<void>();

  constructor(node: TestNode, verb: string, ...args: string[]) {
    const [program, ...first] = isletCommand();
    this.#child = new Deno.Command(program, {
      args: [...first, verb, "--socket", node.socket, ...args],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#writer = this.#child.stdin.getWriter();
    const read = async (name: "stdout" | "stderr") => {
      for await (const chunk of this.#child[name].pipeThrough(new TextDecoderStream())) {
        this.#output[name] += chunk;
        this.#wake();
      }
    };
    const all = Promise.all([read("stdout"), read("stderr"), this.#child.status]);
    this.#ended = all.then(([, , { code }]) => ({ code, ...this.#output }));
    this.#ended.then(() => this.#wake());
  }

  /** What it has written so far. */
  get stdout(): string {
    return this.#output.stdout;
  }

  async write(text: string): Promise<void> {
    await this.#writer.write(new TextEncoder().encode(text));
  }

  async closeInput(): Promise<void> {
    await this.#writer.close();
  }

  /** Waits until the output matches. */
  async says(pattern: RegExp, timeoutMs = patienceMs): Promise<RegExpExecArray> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const found = pattern.exec(this.#output.stdout);
      if (found) return found;
      const left = deadline - Date.now();
      if (left <= 0) {
        throw new Error(
          `Waited in vain for ${pattern} in ${this.#output.stdout}\nand beside it ${this.#output.stderr}`,
        );
      }
      let timer: ReturnType<typeof setTimeout> | undefined;
      await Promise.race([this.#changed.promise, new Promise<void>((done) => timer = setTimeout(done, left))]);
      clearTimeout(timer);
    }
  }

  /** Waits for its own end. */
  async end(): Promise<CommandResult> {
    return await this.#ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch { /* it has ended */ }
    await this.#ended;
    await this.#writer.abort().catch(() => {});
  }

  #wake(): void {
    const { resolve } = this.#changed;
    this.#changed = Promise.withResolvers<void>();
    resolve();
  }
}
