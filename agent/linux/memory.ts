/**
 * Memory given back to the kernel: what starting and bursts of work have left behind in V8's heap and in the C library's,
 * which both keep for later.
 */

interface Trim {
  malloc_trim(pad: bigint): number;
}

let trim: Trim | null | undefined;

/** glibc's; null where the C library has none (musl keeps little). */
function open(): Trim | null {
  if (trim !== undefined) return trim;
  try {
    const symbols = { malloc_trim: { parameters: ["usize"], result: "i32" } } as const;
    return trim = Deno.dlopen("libc.so.6", symbols).symbols;
  } catch {
    return trim = null;
  }
}

/** What the program has where it was started with V8's `--expose-gc`, as the compiled one is. */
type Collect = (options: { type: "major"; execution: "sync"; flavor: "last-resort" }) => void;

/** Some 20 ms of work; everything else waits as long. */
export function releaseMemory(): void {
  const { gc } = globalThis as { gc?: Collect };
  gc?.({ type: "major", execution: "sync", flavor: "last-resort" });
  open()?.malloc_trim(0n);
}
