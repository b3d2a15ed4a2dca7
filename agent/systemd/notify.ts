/**
 * How a service tells systemd how it is: sd_notify(3)'s protocol, one datagram of `NAME=value` lines.
 *
 *     starting ──ready()──► running ──stopping()──► over
 *     EXTEND_TIMEOUT        WATCHDOG=1              STOPPING=1
 *
 * While it starts and while it runs a timer reports that the event loop turns; a loop that hangs falls silent, and systemd
 * starts the service anew.
 */
import type { Clock } from "../clock.ts";
import { DatagramSocket } from "../linux/mod.ts";

/** How often more time is asked for while starting, and how much. */
const extendEveryMs = 10_000, extendMs = 60_000;

type Environment = Pick<typeof Deno.env, "get" | "delete">;

export class ServiceState {
  #send: (text: string) => void;
  readonly #clock: Clock;
  #watchdogMs: number | undefined;
  #cancel = () => {};
  #told = "";

  /** Without systemd (`NOTIFY_SOCKET`) nothing is said. The variables are taken away: they are not meant for children. */
  constructor(clock: Clock, env: Environment = Deno.env, pid = Deno.pid) {
    this.#clock = clock;
    const socket = env.get("NOTIFY_SOCKET");
    this.#watchdogMs = watchdogMs(env, pid);
    for (const name of ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"]) env.delete(name);
    this.#send = socket ? sender(socket) : () => {};
    if (socket) this.#extend();
  }

  /** The service does its work. */
  ready(status: string): void {
    this.#say({ READY: 1, STATUS: status });
    this.#watch();
  }

  /** What `systemctl status` shows. */
  status(status: string): void {
    if (status !== this.#told) this.#say({ STATUS: status });
  }

  /** The service ends, within `ms` where that may be longer than usual; nothing is reported any more. */
  stopping(status: string, ms?: number): void {
    this.#cancel();
    this.#say({ STOPPING: 1, STATUS: status, ...(ms === undefined ? {} : { EXTEND_TIMEOUT_USEC: ms * 1000 }) });
    this.#send = () => {};
  }

  #extend(): void {
    this.#say({ EXTEND_TIMEOUT_USEC: extendMs * 1000 });
    this.#cancel = this.#clock.after(extendEveryMs, () => this.#extend());
  }

  #watch(): void {
    this.#cancel();
    if (this.#watchdogMs === undefined) return;
    this.#say({ WATCHDOG: 1 });
    this.#cancel = this.#clock.after(this.#watchdogMs / 2, () => this.#watch());
  }

  #say(state: Record<string, string | number>): void {
    if (state.STATUS !== undefined) this.#told = String(state.STATUS);
    this.#send(Object.entries(state).map(([name, value]) => `${name}=${oneLine(value)}\n`).join(""));
  }
}

/** Reports that cannot be sent are nothing to fail for: systemd acts on their absence. */
function sender(path: string): (text: string) => void {
  const socket = new DatagramSocket(path);
  const encoder = new TextEncoder();
  return (text) => {
    try {
      socket.send(encoder.encode(text));
    } catch { /* its queue is full, or it is being executed anew */ }
  };
}

/** How often the watchdog wants to hear, in ms; undefined where none is set for this process. */
export function watchdogMs(env: Pick<Environment, "get">, pid: number): number | undefined {
  const micros = Number(env.get("WATCHDOG_USEC"));
  const meant = env.get("WATCHDOG_PID");
  if (!(micros > 0) || (meant !== undefined && Number(meant) !== pid)) return undefined;
  return micros / 1000;
}

function oneLine(value: string | number): string {
  return String(value).replaceAll(/\s+/g, " ");
}
