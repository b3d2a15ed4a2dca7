/** Child programs that touch files which may be on a dead server: they get a time, and are left behind if nothing ends them. */

export interface ChildAnswer {
  code: number;
  stdout: string;
  stderr: string;
}

/** What a killed child gets to end; one that waits for a dead server does not. */
const lastMs = 100;

/**
 * Runs the first of `programs` that the machine has. Undefined at the deadline; throws NotFound when it has none, and the
 * signal's reason when that aborts. A child that is given up is killed, and left to itself if it does not end at once.
 */
export async function runBounded(
  programs: readonly (readonly string[])[],
  args: readonly string[],
  deadlineMs: number,
  signal?: AbortSignal,
): Promise<ChildAnswer | undefined> {
  for (const [program, ...first] of programs) {
    let child: Deno.ChildProcess;
    try {
      child = new Deno.Command(program, {
        args: [...first, ...args],
        env: { LC_ALL: "C" },
        stdin: "null",
        stdout: "piped",
        stderr: "piped",
      }).spawn();
    } catch (err) {
      if (err instanceof Deno.errors.NotFound) continue;
      throw err;
    }
    const answer = await outputWithin(child, deadlineMs, signal);
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return answer && { code: answer.code, stdout: text(answer.stdout), stderr: text(answer.stderr) };
  }
  throw new Deno.errors.NotFound(
    `there is no ${programs.map(([program]) => program).join(" and no ")} on this machine`,
  );
}

/** For `catch`: a program that the machine does not have tells nothing. */
export function unlessMissing(err: unknown): undefined {
  if (!(err instanceof Deno.errors.NotFound)) throw err;
}

async function outputWithin(
  child: Deno.ChildProcess,
  deadlineMs: number,
  signal?: AbortSignal,
): Promise<Deno.CommandOutput | undefined> {
  const output = child.output();
  const early = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => early.resolve(undefined), deadlineMs);
  const abort = () => early.reject(signal?.reason);
  signal?.addEventListener("abort", abort, { once: true });
  if (signal?.aborted) abort();
  let answer: Deno.CommandOutput | undefined;
  try {
    return answer = await Promise.race([output, early.promise]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
    if (!answer) await leave(child, output);
  }
}

async function leave(child: Deno.ChildProcess, output: Promise<unknown>): Promise<void> {
  try {
    child.kill("SIGKILL");
  } catch {
    // It ended by itself just now.
  }
  const over = Promise.withResolvers<void>();
  const timer = setTimeout(over.resolve, lastMs);
  await Promise.race([output.catch(() => undefined), over.promise]);
  clearTimeout(timer);
  child.unref();
}
