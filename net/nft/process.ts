/** nftables by an `nft` process each time. Slower than the library; what it does to itself it does to itself alone. */
import { readElements, readTable } from "./contents.ts";
import { NftError, type NftRunner, readProblems } from "./runner.ts";

/** Runs `nft`, or what is given in its place: `["ip", "netns", "exec", "a", "nft"]`. */
export class NftProcess implements NftRunner {
  readonly #command: readonly [string, ...string[]];
  readonly readTable = readTable;
  readonly readElements = readElements;

  constructor(command: readonly [string, ...string[]] = ["nft"]) {
    this.#command = command;
  }

  async run(script: string): Promise<void> {
    const child = this.#spawn(["-f", "-"]);
    const errors = new Response(child.stderr).text();
    const writer = child.stdin.getWriter();
    try {
      await writer.write(new TextEncoder().encode(script));
      await writer.close();
    } catch { /* it ended early: it says why */ }
    const [stderr, { success }] = await Promise.all([errors, child.status, child.stdout.cancel()]);
    if (!success) throw new NftError(readProblems(stderr, script));
  }

  close(): void {}

  #spawn(args: string[]): Deno.ChildProcess {
    const [program, ...first] = this.#command;
    try {
      return new Deno.Command(program, { args: [...first, ...args], stdin: "piped", stdout: "piped", stderr: "piped" })
        .spawn();
    } catch (cause) {
      throw new Error(`Cannot run ${program}: install it with "apt-get install nftables"`, { cause });
    }
  }
}
