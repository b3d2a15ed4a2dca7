/** Faults for the fake runtime: what goes wrong with which call, how often. */
import type { CriCode } from "./errors.ts";
import type { MethodName } from "./methods.ts";

export interface Fault {
  /**
   * - `error`: fails before it does anything.
   * - `lostAnswer`: takes effect, then the connection breaks (`unavailable`).
   * - `hang`: does nothing and never answers, until the caller gives up.
   * - `hangAfter`: takes effect and never answers.
   * - `stuck`: a create that reserves its name, makes nothing and never answers; `releaseNames()` gives the name back.
   * - `delay`: waits `delayMs`, then goes on.
   */
  kind: "error" | "lostAnswer" | "hang" | "hangAfter" | "stuck" | "delay";
  /** With `error`. Default `unknown`. */
  code?: CriCode;
  message?: string;
  /** With `delay`. */
  delayMs?: number;
  /** How many calls it hits. Default 1; Infinity: until removed. */
  times?: number;
  /** Which calls it hits. Default: all of the method. */
  when?(request: never): boolean;
}

/** A fault that was armed. */
export interface ArmedFault {
  /** Calls that it has hit. */
  readonly hits: number;
  remove(): void;
}

export class FaultTable {
  #armed: { method: MethodName | "*"; fault: Fault; left: number; hits: number }[] = [];

  arm(method: MethodName | "*", fault: Fault): ArmedFault {
    const entry = { method, fault, left: fault.times ?? 1, hits: 0 };
    this.#armed.push(entry);
    return {
      get hits() {
        return entry.hits;
      },
      remove: () => void (this.#armed = this.#armed.filter((other) => other !== entry)),
    };
  }

  clear(): void {
    this.#armed = [];
  }

  /** The fault that this call meets, if any; it is used up. */
  take(method: MethodName, request: unknown): Fault | undefined {
    const entry = this.#armed.find((entry) =>
      (entry.method === method || entry.method === "*") && entry.left > 0 &&
      (entry.fault.when?.(request as never) ?? true)
    );
    if (!entry) return undefined;
    entry.left--;
    entry.hits++;
    return entry.fault;
  }
}
