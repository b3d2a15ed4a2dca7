/** What an exit code says, by the conventions of shells and of the kernel's signals. */

const signals: Record<number, [name: string, meaning: string]> = {
  1: ["SIGHUP", "its terminal went away"],
  2: ["SIGINT", "it was interrupted"],
  3: ["SIGQUIT", "it was told to quit"],
  4: ["SIGILL", "it ran an instruction that this processor does not have; is the image made for another one?"],
  6: ["SIGABRT", "it gave up by itself (abort)"],
  7: ["SIGBUS", "it touched memory that is not there; was a file it had mapped cut short?"],
  8: ["SIGFPE", "it divided by zero or the like"],
  9: ["SIGKILL", "it was killed: its grace was over, a probe failed, or memory ran out"],
  11: ["SIGSEGV", "it crashed: it touched memory that is not its own"],
  13: ["SIGPIPE", "it wrote to somebody who had gone"],
  15: ["SIGTERM", "it was asked to end"],
  31: ["SIGSYS", "it used a system call that its seccomp profile forbids"],
};

/** A sentence's end that says what the code means: `with exit code 139 (SIGSEGV: it crashed …)`. */
export function exitCodeText(code: number): string {
  const text = `with exit code ${code}`;
  const meaning = exitCodeMeaning(code);
  return meaning ? `${text} (${meaning})` : text;
}

export function exitCodeMeaning(code: number): string | undefined {
  if (code === 0) return undefined;
  if (code === 125) return "the runtime could not start it";
  if (code === 126) return "the command was found but cannot be executed";
  if (code === 127) return "the command was not found";
  if (code === 128) return "the container could not be started";
  const signal = signals[code - 128];
  if (signal) return `${signal[0]}: ${signal[1]}`;
  if (code > 128 && code <= 128 + 64) return `ended by signal ${code - 128}`;
  return undefined;
}
