/** The most memory that a child process had, of those that have ended. */

const libc = Deno.dlopen("libc.so.6", { getrusage: { parameters: ["i32", "buffer"], result: "i32" } });
const children = -1;

/** In bytes; 0 without children. */
export function childPeak(): number {
  const usage = new BigInt64Array(18);
  if (libc.symbols.getrusage(children, usage) !== 0) throw new Error("Cannot read the memory of child processes");
  return Number(usage[4]) * 1024; // ru_maxrss, after two times of two words each
}
