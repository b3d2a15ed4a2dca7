/**
 * Memory given back to the kernel: what starting and bursts of work have left behind in V8's heap and in the C library's,
 * which both keep for later, and the program's own code that only the start needed. Code comes back from the page cache as
 * it is run, 64 KiB at a time.
 */

const symbols = {
  madvise: { parameters: ["usize", "usize", "i32"], result: "i32" },
  malloc_trim: { parameters: ["usize"], result: "i32" },
} as const;

/** Pages are read anew when they are touched. */
const MADV_DONTNEED = 4;

type Calls = Deno.DynamicLibrary<typeof symbols>["symbols"];

let calls: Calls | null | undefined;

/** glibc's; null where the C library is another (musl keeps little). */
function open(): Calls | null {
  if (calls !== undefined) return calls;
  try {
    return calls = Deno.dlopen("libc.so.6", symbols).symbols;
  } catch {
    return calls = null;
  }
}

/** What the program has where it was started with V8's `--expose-gc`, as the compiled one is. */
type Collect = (options: { type: "major"; execution: "sync"; flavor: "last-resort" }) => void;

/** Some 20 ms of work; everything else waits as long. */
export function releaseMemory(): void {
  const { gc } = globalThis as { gc?: Collect };
  gc?.({ type: "major", execution: "sync", flavor: "last-resort" });
  const libc = open();
  if (!libc) return;
  libc.malloc_trim(0n);
  for (const { from, size } of codeMappings(Deno.readTextFileSync("/proc/self/smaps"))) {
    libc.madvise(from, size, MADV_DONTNEED);
  }
}

/**
 * Code that is as the file has it, from the text of /proc/PID/smaps: nothing is lost when its pages are. Small mappings are
 * not worth a call.
 */
export function codeMappings(smaps: string): { from: bigint; size: bigint }[] {
  const found: { from: bigint; size: bigint }[] = [];
  for (const part of smaps.split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m)) {
    const head = /^([0-9a-f]+)-([0-9a-f]+) r-xp \S+ \S+ [1-9]\d* /.exec(part);
    if (!head || !/^Private_Dirty:\s+0 kB$/m.test(part) || !/^Anonymous:\s+0 kB$/m.test(part)) continue;
    const from = BigInt(`0x${head[1]}`), size = BigInt(`0x${head[2]}`) - from;
    if (size >= 1n << 20n) found.push({ from, size });
  }
  return found;
}
