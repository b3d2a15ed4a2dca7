/**
 * nftables through libnftables.so.1. Calls are synchronous: a chunk of 1,000 elements takes 10 ms, one element 0.6 ms, and other
 * threads would cost twice that. The library does not say where in a script it is refused, so a refused script is run again by
 * `nft`, which does; refused as before, it changes nothing, and where the reason has gone, all is well.
 */
import { readElements, readTable } from "./contents.ts";
import { NftProcess } from "./process.ts";
import { NftError, type NftRunner, readProblems } from "./runner.ts";

const symbols = {
  nft_ctx_new: { parameters: ["u32"], result: "pointer" },
  nft_ctx_free: { parameters: ["pointer"], result: "void" },
  nft_ctx_buffer_output: { parameters: ["pointer"], result: "i32" },
  nft_ctx_buffer_error: { parameters: ["pointer"], result: "i32" },
  nft_ctx_get_error_buffer: { parameters: ["pointer"], result: "pointer" },
  nft_run_cmd_from_buffer: { parameters: ["pointer", "buffer"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

export class NftLibrary implements NftRunner {
  readonly #library: Deno.DynamicLibrary<typeof symbols>;
  readonly #process = new NftProcess();
  readonly readTable = readTable;
  readonly readElements = readElements;
  #context: Deno.PointerValue;
  #buffer = new Uint8Array(1 << 12);

  /** @throws where there is no libnftables. */
  constructor(file = "libnftables.so.1") {
    try {
      this.#library = Deno.dlopen(file, symbols);
    } catch (cause) {
      throw new Error(`Cannot open ${file}`, { cause });
    }
    const { nft_ctx_new, nft_ctx_buffer_output, nft_ctx_buffer_error } = this.#library.symbols;
    this.#context = nft_ctx_new(0);
    if (this.#context === null) throw new Error("Cannot use libnftables: nft_ctx_new() failed");
    nft_ctx_buffer_output(this.#context);
    nft_ctx_buffer_error(this.#context);
  }

  async run(script: string): Promise<void> {
    const said = this.#run(script);
    if (said === undefined) return;
    try {
      await this.#process.run(script);
    } catch (error) {
      throw error instanceof NftError ? error : new NftError(readProblems(said));
    }
  }

  close(): void {
    if (this.#context === null) return;
    this.#library.symbols.nft_ctx_free(this.#context);
    this.#context = null;
    this.#library.close();
  }

  /** What the library says of a script that is refused. */
  #run(script: string): string | undefined {
    if (this.#context === null) throw new Error("Cannot change nftables rules: the library is closed");
    const { nft_run_cmd_from_buffer, nft_ctx_get_error_buffer } = this.#library.symbols;
    this.#write(script);
    if (nft_run_cmd_from_buffer(this.#context, this.#buffer) === 0) return undefined;
    const text = nft_ctx_get_error_buffer(this.#context);
    return text === null ? "" : new Deno.UnsafePointerView(text).getCString();
  }

  /** Puts a text with its end into the buffer: a new one for each chunk of a large load would weigh ten times as much as the load. */
  #write(text: string): void {
    const encoder = new TextEncoder();
    for (;;) {
      const { read, written } = encoder.encodeInto(text, this.#buffer);
      if (read === text.length && written < this.#buffer.length) return void (this.#buffer[written] = 0);
      this.#buffer = new Uint8Array(Math.max(2 * this.#buffer.length, text.length + 1));
    }
  }
}
