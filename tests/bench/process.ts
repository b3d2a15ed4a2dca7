/** What a process has used so far, as the kernel counts it. */

/** Since the process began, but for the memory, which is now's. */
export interface Usage {
  /** Nanoseconds of CPU time, of threads that have ended, too. */
  cpuNs: number;
  /** Bytes in memory, and those of them that no file stands behind. */
  rss: number;
  rssAnon: number;
  /** Most bytes that were ever in memory, or since {@linkcode resetPeak}. */
  peak: number;
  /** Bytes sent to disk. */
  written: number;
  /** Bytes given to write(2): files, and sockets, too. */
  writeCalls: number;
}

const libc = Deno.dlopen("libc.so.6", {
  clock_gettime: { parameters: ["i32", "buffer"], result: "i32" },
});

/** A process's CPU clock: nanoseconds, where /proc/PID/stat has hundredths of a second. */
function cpuTime(pid: number): number {
  const time = new BigInt64Array(2);
  // the kernel's clock id for all of a process: ~pid << 3, of type 2 (CPUCLOCK_SCHED)
  if (libc.symbols.clock_gettime((~pid << 3) | 2, time) !== 0) {
    throw new Error(`Cannot read CPU time: no process ${pid}`);
  }
  return Number(time[0]) * 1e9 + Number(time[1]);
}

export function usage(pid: number): Usage {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  const io = Deno.readTextFileSync(`/proc/${pid}/io`);
  const field = (text: string, name: string) => Number(new RegExp(`^${name}:\\s*(\\d+)`, "m").exec(text)?.[1] ?? NaN);
  return {
    cpuNs: cpuTime(pid),
    rss: field(status, "VmRSS") * 1024,
    rssAnon: field(status, "RssAnon") * 1024,
    peak: field(status, "VmHWM") * 1024,
    written: field(io, "write_bytes"),
    writeCalls: field(io, "wchar"),
  };
}

/** Lets the peak start again from what is in memory now. */
export function resetPeak(pid: number): void {
  Deno.writeTextFileSync(`/proc/${pid}/clear_refs`, "5");
}
