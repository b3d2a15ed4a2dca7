/** Programs that look at files for us: at the lowest priority, for a limited time, left behind if they cannot be killed. */

export interface ChildAnswer {
  code: number;
  stdout: string;
}

/**
 * Runs the first of `programs` that the machine has. Undefined when it has none, or at the deadline: a program that
 * waits for a dead server cannot be killed either and is left to itself.
 */
export async function runBounded(
  programs: readonly (readonly string[])[],
  args: readonly string[],
  deadlineMs: number,
): Promise<ChildAnswer | undefined> {
  for (const [program, ...first] of programs) {
    let child: Deno.ChildProcess;
    try {
      child = new Deno.Command(program, {
        args: [...first, ...args],
        env: { LC_ALL: "C" },
        stdin: "null",
        stdout: "piped",
        stderr: "null",
      }).spawn();
    } catch (err) {
      if (err instanceof Deno.errors.NotFound) continue;
      throw err;
    }
    return await bounded(child, deadlineMs);
  }
  return undefined;
}

async function bounded(child: Deno.ChildProcess, deadlineMs: number): Promise<ChildAnswer | undefined> {
  const late = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => late.resolve(undefined), deadlineMs);
  const output = child.output();
  try {
    const answer = await Promise.race([output, late.promise]);
    if (answer) return { code: answer.code, stdout: new TextDecoder().decode(answer.stdout) };
  } finally {
    clearTimeout(timer);
  }
  try {
    child.kill("SIGKILL");
  } catch {
    // It ended by itself just now.
  }
  const moment = Promise.withResolvers<void>();
  const over = setTimeout(moment.resolve, 100);
  await Promise.race([output.catch(() => undefined), moment.promise]);
  clearTimeout(over);
  output.catch(() => undefined);
  child.unref();
  return undefined;
}
