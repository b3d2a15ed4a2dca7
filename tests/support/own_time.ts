/**
 * Time limits on a machine that has other things to do, too. The kernel counts how long anything that could have gone on had to
 * wait for a processor, the disk or memory (PSI, /proc/pressure), and how long other guests had this one's processors (steal,
 * /proc/stat): that time is left out. It counts for the whole machine, so a limit is as strict as the machine is quiet; where the
 * kernel does not count, every moment is held against the limit.
 */

export interface Stopwatch {
  /** Milliseconds since the start. */
  readonly ms: number;
  /** Those in which nothing on the machine was held up. */
  readonly ownMs: number;
}

export function stopwatch(read: () => number = stalledMs, now: () => number = () => performance.now()): Stopwatch {
  const began = now(), stalled = read();
  return {
    get ms() {
      return now() - began;
    },
    get ownMs() {
      return Math.max(0, now() - began - (read() - stalled));
    },
  };
}

/** Milliseconds since the machine's start in which something was held up. */
function stalledMs(): number {
  const counts: [string, (text: string) => number][] = [
    ["/proc/pressure/cpu", pressureMs],
    ["/proc/pressure/io", pressureMs],
    ["/proc/pressure/memory", pressureMs],
    ["/proc/stat", stolenMs],
  ];
  let all = 0;
  for (const [file, read] of counts) {
    try {
      all += read(Deno.readTextFileSync(file));
    } catch { /* this kernel does not count */ }
  }
  return all;
}

/** What other guests took of all processors together, of /proc/stat's first line in hundredths of a second (proc_stat(5)). */
export function stolenMs(text: string): number {
  const [, _user, _nice, _system, _idle, _iowait, _irq, _softirq, steal = 0] = text.split("\n")[0].split(/ +/).map(
    Number,
  );
  return steal * 10;
}

/** The total of a file of /proc/pressure. */
export function pressureMs(text: string): number {
  return Number(/^some .*\btotal=(\d+)$/m.exec(text)?.[1] ?? 0) / 1000;
}
