/** An `nft` process, with its time and the most memory that it had. */

export interface NftRun {
  ms: number;
  /** Bytes. */
  peak: number;
}

/** Runs `nft` to its end; `script` is read from a file, as `-f` does. @throws with what it says. */
export async function runNft(args: readonly string[], script?: string): Promise<NftRun> {
  const file = script === undefined ? undefined : await Deno.makeTempFile({ suffix: ".nft" });
  try {
    if (file) await Deno.writeTextFile(file, script!);
    const began = performance.now();
    const child = new Deno.Command("nft", {
      args: [...args, ...(file ? ["-f", file] : [])],
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    let peak = 0;
    const watch = setInterval(() => peak = Math.max(peak, peakOf(child.pid)), 2);
    const [{ success }, said] = await Promise.all([child.status, new Response(child.stderr).text()])
      .finally(() => clearInterval(watch));
    if (!success) throw new Error(`Cannot run nft ${args.join(" ")}: ${said.slice(0, 2000)}`);
    return { ms: performance.now() - began, peak };
  } finally {
    if (file) await Deno.remove(file);
  }
}

function peakOf(pid: number): number {
  try {
    const status = Deno.readTextFileSync(`/proc/${pid}/status`);
    if (!status.startsWith("Name:\tnft\n")) return 0; // still a copy of this process
    return Number(/^VmHWM:\s*(\d+)/m.exec(status)?.[1] ?? 0) * 1024;
  } catch {
    return 0; // it has ended
  }
}
