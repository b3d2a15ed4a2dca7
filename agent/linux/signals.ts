/** Signals to processes, by the names that Kubernetes gives them; real-time signals are among them, which Deno cannot send. */
import { check, libc } from "./libc.ts";

/** asm-generic, as x86-64 and arm64 have them. */
const numbers: Readonly<Record<string, number>> = Object.fromEntries(
  ("HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU " +
    "XFSZ VTALRM PROF WINCH IO PWR SYS").split(" ").map((name, index) => [`SIG${name}`, index + 1]),
);
const aliases: Readonly<Record<string, string>> = { SIGCLD: "SIGCHLD", SIGIOT: "SIGABRT", SIGPOLL: "SIGIO" };

/** The C library keeps the first two real-time signals for itself. */
const realTime = { least: 34, most: 64 };

/** The number of a signal: `SIGUSR1`, `SIGRTMIN+3`, `SIGRTMAX-2`; undefined where it is none. */
export function signalNumber(name: string): number | undefined {
  const plain = numbers[aliases[name] ?? name];
  if (plain !== undefined) return plain;
  const match = /^SIGRT(?:MIN(?:\+(\d+))?|MAX(?:-(\d+))?)$/.exec(name);
  if (!match) return undefined;
  const number = name.startsWith("SIGRTMIN")
    ? realTime.least + Number(match[1] ?? 0)
    : realTime.most - Number(match[2] ?? 0);
  return number >= realTime.least && number <= realTime.most ? number : undefined;
}

/** Sends a signal. @throws {LinuxError} ESRCH where there is no such process. */
export function sendSignal(pid: number, name: string): void {
  const number = signalNumber(name);
  if (number === undefined || !(pid > 1)) throw new Error(`Cannot send ${name} to process ${pid}`);
  check(libc().kill(pid, number), "kill", `send ${name} to process ${pid}`);
}
