/** nftables by an `nft` process each time. Slower than the library; what it does to itself it does to itself alone. */
import { type ChildOutput, runProgram } from "../child.ts";
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
    const [program, ...first] = this.#command;
    let output: ChildOutput;
    try {
      output = await runProgram(program, { args: [...first, "-f", "-"], input: script });
    } catch (cause) {
      throw new Error(`Cannot run ${program}: install it with "apt-get install nftables"`, { cause });
    }
    if (!output.success) throw new NftError(readProblems(output.stderr, script));
  }

  close(): void {}
}
