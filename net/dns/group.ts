/**
 * Servers that stand for one another: asked in order, the next when one is late or says it failed, while late answers still
 * count. Which of them are dead is remembered, so that nobody waits for a network that is not there: with all of them dead
 * the answer is no at once. One question in a while goes to the dead as well, and revives those that answer; nothing runs
 * while nobody asks.
 */
import type { Clock } from "./clock.ts";
import type { DnsObserver } from "./observer.ts";
import type { Server } from "./resolv_conf.ts";
import { type Question, UnreachableError } from "./upstream.ts";
import { rcodes } from "./wire.ts";

/** What a group needs of a server; see upstream.ts for the real one. */
export interface Askable {
  readonly server: Server;
  ask(question: Question, signal: AbortSignal): Promise<Uint8Array>;
}

export interface GroupOptions {
  clock: Clock;
  /** Milliseconds until the next server is asked. */
  tryMs: number;
  /** How often each is asked. */
  attempts: number;
  /** Begin with another server each time. */
  rotate: boolean;
  /** Told when a server is found dead, and when it answers again. */
  onHealth?: (server: Server, alive: boolean) => void;
  observer?: Pick<DnsObserver, "asked" | "died">;
}

/** All that a question may take: clients wait for five seconds. */
const longestMs = 4500;
/** Where all are dead, how long one that is tried again is waited for: a server near by answers within. */
const graceMs = 70;
const firstPauseMs = 1000;
const longestPauseMs = 5000;

interface Health {
  upstream: Askable;
  misses: number;
  lastAnswer: number;
  dead: boolean;
  pauseMs: number;
  nextTry: number;
}

export class Group {
  readonly #members: Health[];
  readonly #options: GroupOptions;
  readonly #stopped = new AbortController();
  /** Ends each question under way: when the last server dies nobody waits any longer. */
  readonly #waiting = new Set<() => void>();
  #turn = 0;

  constructor(upstreams: readonly Askable[], options: GroupOptions) {
    this.#options = options;
    this.#members = upstreams.map((upstream) => ({
      upstream,
      misses: 0,
      lastAnswer: -Infinity,
      dead: false,
      pauseMs: firstPauseMs,
      nextTry: -Infinity,
    }));
  }

  /** A reply as it may be kept; undefined where nobody answers. A failure that a server reports is a reply, if all report one. */
  ask(question: Question): Promise<Uint8Array | undefined> {
    const now = this.#options.clock.mono();
    const dead = this.#members.filter((member) => member.dead && now >= member.nextTry);
    const living = this.#members.filter((member) => !member.dead);
    if (living.length === 0) {
      return dead.length === 0 ? Promise.resolve(undefined) : this.#race(question, dead, 0, graceMs);
    }
    if (this.#options.rotate) living.push(...living.splice(0, this.#turn++ % living.length));
    for (const member of dead) void this.#try(member, question, this.#stopped.signal).catch(() => {});
    const order = Array.from({ length: this.#options.attempts }, () => living).flat();
    return this.#inTurn(question, order);
  }

  /** Asks every server for what all know, so that those that are dead are known before somebody waits for them. */
  async warmUp(question: Question): Promise<void> {
    await Promise.all(this.#members.map((member) => this.#inTurn(question, [member, member])));
  }

  /** The network has changed: the dead may be tried at once. */
  wake(): void {
    for (const member of this.#members) {
      member.nextTry = -Infinity;
      member.pauseMs = firstPauseMs;
    }
  }

  stop(): void {
    this.#stopped.abort(new Error("Cannot ask: stopped"));
  }

  get servers(): { server: Server; alive: boolean }[] {
    return this.#members.map(({ upstream, dead }) => ({ server: upstream.server, alive: !dead }));
  }

  #inTurn(question: Question, order: readonly Health[]): Promise<Uint8Array | undefined> {
    const { tryMs } = this.#options;
    // a little longer than the last one's time, so that it is found late before it is told to stop
    return this.#race(question, order, tryMs, Math.min(longestMs, (order.length + 0.25) * tryMs));
  }

  /** Asks one after the other, `stepMs` apart; with 0 all at once. The rest goes on by itself when the time is over. */
  #race(
    question: Question,
    order: readonly Health[],
    stepMs: number,
    totalMs: number,
  ): Promise<Uint8Array | undefined> {
    const { clock } = this.#options;
    return new Promise((resolve) => {
      const abort = new AbortController();
      let failure: Uint8Array | undefined;
      const failed = new Set<Health>();
      let open = 0, next = 0, done = false;
      let cancelStep = () => {};
      const finish = (reply: Uint8Array | undefined) => {
        if (done) return;
        done = true;
        cancelStep();
        cancelTotal();
        this.#waiting.delete(giveUp);
        this.#stopped.signal.removeEventListener("abort", stop);
        abort.abort(new Error("Cannot wait any longer"));
        resolve(reply);
      };
      const stop = () => finish(undefined);
      const giveUp = () => finish(failure);
      const cancelTotal = clock.after(totalMs, giveUp);
      if (stepMs > 0) this.#waiting.add(giveUp);
      const step = () => {
        cancelStep();
        if (done) return;
        // found dead in the meantime, by this question or another, or has told that it cannot say
        while (next < order.length && ((stepMs > 0 && order[next].dead) || failed.has(order[next]))) next++;
        if (next === order.length) {
          if (open === 0) finish(failure);
          return;
        }
        const member = order[next++];
        open++;
        // the dead are listened to when nobody waits any more: to see that they live
        void this.#try(member, question, stepMs > 0 ? abort.signal : this.#stopped.signal).then((reply) => {
          open--;
          if (isUsable(reply)) return finish(reply);
          failure = reply;
          failed.add(member);
          step();
        }, () => {
          open--;
          step();
        });
        if (stepMs > 0) cancelStep = clock.after(stepMs, step);
        else step();
      };
      if (this.#stopped.signal.aborted) return stop();
      this.#stopped.signal.addEventListener("abort", stop, { once: true });
      step();
    });
  }

  /** One server once; keeps book of whether it lives. */
  async #try(member: Health, question: Question, signal: AbortSignal): Promise<Uint8Array> {
    const { clock, tryMs, observer } = this.#options;
    const started = clock.mono();
    if (member.dead) {
      member.nextTry = started + member.pauseMs;
      member.pauseMs = Math.min(longestPauseMs, member.pauseMs * 2);
    }
    const abort = new AbortController();
    const forward = () => abort.abort(signal.reason);
    signal.addEventListener("abort", forward, { once: true });
    const cancelMiss = clock.after(tryMs, () => this.#missed(member, started));
    // alone, a try ends when it is late; in a race the others' time is its own too
    const cancelEnd = clock.after(
      Math.min(longestMs, 2 * tryMs),
      () => abort.abort(new Error("Cannot wait any longer")),
    );
    try {
      const reply = await member.upstream.ask(question, abort.signal);
      observer?.asked(member.upstream.server, clock.mono() - started, reply[3] & 15);
      this.#answered(member);
      return reply;
    } catch (error) {
      // one that another was faster than has not failed
      if (!signal.aborted) observer?.asked(member.upstream.server, clock.mono() - started);
      if (error instanceof UnreachableError && !abort.signal.aborted) this.#die(member);
      throw error;
    } finally {
      cancelMiss();
      cancelEnd();
      signal.removeEventListener("abort", forward);
    }
  }

  #answered(member: Health): void {
    member.lastAnswer = this.#options.clock.mono();
    member.misses = 0;
    member.pauseMs = firstPauseMs;
    if (!member.dead) return;
    member.dead = false;
    this.#options.onHealth?.(member.upstream.server, true);
  }

  /** One lost datagram is no death: two are, if nothing came for a while. */
  #missed(member: Health, started: number): void {
    if (member.dead || member.lastAnswer >= started) return;
    member.misses++;
    const silent = this.#options.clock.mono() - member.lastAnswer;
    if (member.misses >= 2 && silent >= 1.5 * this.#options.tryMs) this.#die(member);
  }

  #die(member: Health): void {
    if (member.dead) return;
    member.dead = true;
    member.pauseMs = firstPauseMs;
    member.nextTry = this.#options.clock.mono() + member.pauseMs;
    this.#options.onHealth?.(member.upstream.server, false);
    this.#options.observer?.died(member.upstream.server);
    if (this.#members.every(({ dead }) => dead)) { for (const giveUp of [...this.#waiting]) giveUp(); }
  }
}

function isUsable(reply: Uint8Array): boolean {
  const rcode = reply[3] & 15;
  return rcode === rcodes.NOERROR || rcode === rcodes.NXDOMAIN;
}
