/** nftables by an `nft` process each time. Slower than the library; what it does to itself it does to itself alone. */
import { NftError, type NftRunner, readProblems } from "./runner.ts";

/** Runs `nft`, or what is given in its place: `["ip", "netns", "exec", "a", "nft"]`. */
export class NftProcess implements NftRunner {
  readonly #command: readonly [string, ...string[]];

  constructor(command: readonly [string, ...string[]] = ["nft"]) {
    this.#command = command;
  }

  async run(script: string): Promise<void> {
    const child = this.#spawn(["-f", "-"], "piped");
    const errors = new Response(child.stderr).text();
    const writer = child.stdin.getWriter();
    try {
      await writer.write(new TextEncoder().encode(script));
      await writer.close();
    } catch { /* it ended early: it says why */ }
    const [stderr, { success }] = await Promise.all([errors, child.status, child.stdout.cancel()]);
    if (!success) throw new NftError(readProblems(stderr, script));
  }

  /** With protocols as numbers: nft 1.0.6 would open /etc/protocols for each element. */
  list(family: string, table: string): AsyncIterable<string> {
    return this.#lines(["-p", "list", "table", family, table]);
  }

  listSet(family: string, table: string, name: string): AsyncIterable<string> {
    return this.#lines(["list", "map", family, table, name]);
  }

  close(): void {}

  async *#lines(args: string[]): AsyncGenerator<string> {
    const child = this.#spawn(args, "null");
    const errors = new Response(child.stderr).text();
    let rest = "";
    for await (const piece of child.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + piece).split("\n");
      rest = lines.pop()!;
      yield* lines;
    }
    if (rest !== "") yield rest;
    const [stderr, { success }] = await Promise.all([errors, child.status]);
    if (success || /No such file or directory/.test(stderr)) return;
    throw new NftError(readProblems(stderr));
  }

  #spawn(args: string[], stdin: "piped" | "null"): Deno.ChildProcess {
    const [program, ...first] = this.#command;
    try {
      return new Deno.Command(program, { args: [...first, ...args], stdin, stdout: "piped", stderr: "piped" }).spawn();
    } catch (cause) {
      throw new Error(`Cannot run ${program}: install it with "apt-get install nftables"`, { cause });
    }
  }
}
