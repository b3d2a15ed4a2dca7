/**
 * Observed state (PLEG): what the runtime shows of our pods, kept fresh by its events and by relists.
 *
 *     runtime events ──► fetch the pod concerned ─┐
 *     relist, slow where events come, fast else ──┴─► cache by pod UID ──► changed(uid)
 *
 * Events only say where to look. A lost one is made good by the next relist, a repeated or late one costs a look.
 * While the runtime does not answer, nothing is known: {@link PodObserver.get} gives undefined, never an empty pod.
 */
import { type Clock, pause } from "../clock.ts";
import { Listeners } from "../listeners.ts";
import { sortPod } from "../runtime/observe.ts";
import type { Logger } from "../telemetry/log.ts";
import type { ObservedContainer, ObservedPod, ObservedSandbox } from "./types.ts";

/** What the observer asks of the runtime; `cri_source.ts` has the real one. */
export interface RuntimeSource {
  /** Our sandboxes and containers, of one pod or of all; states only. */
  list(uid?: string): Promise<{ sandboxes: ObservedSandbox[]; containers: ObservedContainer[] }>;
  /** The stamps of everything that `list()` would give, by ID: a cheaper look for when nothing has changed. */
  stamps?(): Promise<ReadonlyMap<string, string>>;
  /** Adds what a list does not tell: addresses of a sandbox. undefined when it has vanished meanwhile. */
  sandboxDetail(sandbox: ObservedSandbox): Promise<ObservedSandbox | undefined>;
  /** Adds what a list does not tell: stamps, exit code, reason, message. undefined when it has vanished meanwhile. */
  containerDetail(container: ObservedContainer): Promise<ObservedContainer | undefined>;
  watch(handlers: {
    /** Something happened to a sandbox or container; `ended`: that was its end. */
    onEvent(id: string, ended: boolean): void;
    /** The kernel killed in a container for memory. */
    onOom(id: string): void;
    /** `tellsOom`: the source knows `onOom`. */
    onConnected(tellsOom: boolean): void;
    onBroken(err: unknown): void;
  }): { close(): void };
}

export interface ObserverOptions {
  source: RuntimeSource;
  clock: Clock;
  log: Logger;
  /** Between relists while events arrive. */
  relistMs?: number;
  /** Between relists without events. */
  fastRelistMs?: number;
}

/** A look at one pod under way, and the one that follows it. */
interface Look {
  now: Promise<ObservedPod>;
  next?: Promise<ObservedPod>;
}

interface Entry {
  pod: ObservedPod;
  /** Of every sandbox and container: what a list said when its details were taken. */
  stamps: Map<string, string>;
}

/** An event about something that no look has shown yet. */
interface EarlyEvent {
  /** Monotonic ms of its arrival. */
  at: number;
  ended: boolean;
}

/** Early events kept; other tools' containers bring them too. */
const earlyEvents = 128;

export class PodObserver {
  /** Told the UID of a pod that looks different from before. */
  readonly onChange = new Listeners<[uid: string]>();
  /** Told when the runtime answers again, or no longer. */
  readonly onAvailable = new Listeners<[available: boolean]>();
  /** Told each time the runtime was asked for everything and did not answer. */
  readonly onUnanswered = new Listeners<[]>();
  /** Told when the kernel has killed for memory in a container, ours or not, where the runtime tells. */
  readonly onOom = new Listeners<[containerId: string]>();
  /** Told after each relist when it began (monotonic ms) and how long it took. */
  readonly onRelisted = new Listeners<[began: number, ms: number]>();

  readonly #source: RuntimeSource;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #relistMs: number;
  readonly #fastRelistMs: number;
  /** Pods that the runtime has something of, and for a while those that it has nothing of any more. */
  #pods = new Map<string, Entry>();
  #uidOf = new Map<string, string>();
  /** Pods that the last list showed something of, and no look has been able to see whole. */
  #unseen = new Set<string>();
  #early = new Map<string, EarlyEvent>();
  #available = false;
  /** Monotonic ms at which the last relist began. */
  #lastList = 0;
  #eventful = false;
  #tellsOom = false;
  #relisting: Promise<void> | undefined;
  #cancelRelist = () => {};
  #cancelExtra: (() => void)[] = [];
  #settling = new Set<() => void>();
  #looking = new Map<string, Look>();
  #watch: { close(): void } | undefined;
  #stopped = false;

  constructor({ source, clock, log, relistMs = 10_000, fastRelistMs = 1_000 }: ObserverOptions) {
    this.#source = source;
    this.#clock = clock;
    this.#log = log;
    this.#relistMs = relistMs;
    this.#fastRelistMs = fastRelistMs;
  }

  /** Subscribes and takes the first look; resolves when that is there, retrying as long as it takes. */
  async start(): Promise<void> {
    this.#watch = this.#source.watch({
      onEvent: (id, ended) => this.#event(id, ended),
      onOom: (id) => {
        if (!this.#stopped) this.onOom.tell(id);
      },
      onConnected: (tellsOom) => {
        this.#eventful = true;
        this.#tellsOom = tellsOom;
        // what happened between the last look and the subscription, and what an early subscription may have missed
        for (const cancel of this.#cancelExtra) cancel();
        if (this.#stopped) return;
        this.#cancelExtra = [0, 1000, 5000].map((ms) => this.#clock.after(ms, () => void this.relist()));
      },
      onBroken: (err) => {
        if (this.#eventful) this.#log.debug("The runtime's event stream broke; relisting meanwhile", { err });
        this.#eventful = false;
        this.#schedule();
      },
    });
    while (!this.#stopped) {
      await this.relist();
      if (this.#available) return;
      await pause(this.#clock, 200);
    }
  }

  stop(): void {
    this.#stopped = true;
    this.#watch?.close();
    this.#cancelRelist();
    for (const cancel of [...this.#cancelExtra, ...this.#settling]) cancel();
  }

  /** Whether the runtime tells of OOM kills by itself. */
  get tellsOom(): boolean {
    return this.#eventful && this.#tellsOom;
  }

  /** Whether the runtime answered the last relist. */
  get available(): boolean {
    return this.#available;
  }

  /**
   * The pod as last seen; a pod that the runtime does not know is empty; undefined while the runtime is silent, about
   * everything or about this pod.
   */
  get(uid: string): ObservedPod | undefined {
    if (!this.#available) return undefined;
    return this.#pods.get(uid)?.pod ?? (this.#unseen.has(uid) ? undefined : emptyPod(uid, this.#lastList));
  }

  /** UIDs of all pods that the runtime has something of. */
  uids(): string[] {
    return [...this.#pods].filter(([, { stamps }]) => stamps.size > 0).map(([uid]) => uid);
  }

  /**
   * Looks at one pod now. While a look is under way, everybody who asks shares the one after it: a look that began
   * before the question may have missed what it is about.
   */
  observe(uid: string): Promise<ObservedPod> {
    const looking = this.#looking.get(uid);
    if (looking) {
      looking.next ??= looking.now.then(() => {}, () => {}).then(() => {
        const turn = { now: this.#look(uid) };
        this.#looking.set(uid, turn);
        return this.#settle(uid, turn);
      });
      return looking.next;
    }
    const turn = { now: this.#look(uid) };
    this.#looking.set(uid, turn);
    return this.#settle(uid, turn);
  }

  async #settle(uid: string, turn: Look): Promise<ObservedPod> {
    try {
      return await turn.now;
    } finally {
      if (this.#looking.get(uid) === turn && !turn.next) this.#looking.delete(uid);
    }
  }

  async #look(uid: string): Promise<ObservedPod> {
    const at = this.#clock.mono();
    const { sandboxes, containers } = await this.#source.list(uid);
    if (await this.#update(uid, sandboxes, containers, at)) this.onChange.tell(uid);
    return this.#pods.get(uid)!.pod;
  }

  /** Looks at everything now; never throws. */
  relist(): Promise<void> {
    const began = this.#clock.mono();
    this.#relisting ??= this.#relist().finally(() => {
      this.#relisting = undefined;
      this.onRelisted.tell(began, this.#clock.mono() - began);
      this.#schedule();
    });
    return this.#relisting;
  }

  async #relist(): Promise<void> {
    const at = this.#clock.mono();
    try {
      if (await this.#unchanged()) {
        this.#lastList = at;
        return;
      }
      const { sandboxes, containers } = await this.#source.list();
      const groups = new Map<string, { sandboxes: ObservedSandbox[]; containers: ObservedContainer[] }>();
      const group = (uid: string) => {
        let found = groups.get(uid);
        if (!found) groups.set(uid, found = { sandboxes: [], containers: [] });
        return found;
      };
      for (const sandbox of sandboxes) group(sandbox.podUid).sandboxes.push(sandbox);
      for (const container of containers) group(container.podUid).containers.push(container);
      const changed: string[] = [];
      // one pod of which the runtime does not tell must not hold back what is known of the others
      await Promise.all([...new Set([...this.#pods.keys(), ...groups.keys()])].map(async (uid) => {
        const found = groups.get(uid) ?? { sandboxes: [], containers: [] };
        try {
          if (await this.#update(uid, found.sandboxes, found.containers, at)) changed.push(uid);
        } catch (err) {
          this.#log.debug("Cannot look at a pod", { uid, err });
          if (!this.#pods.has(uid)) this.#unseen.add(uid);
        }
      }));
      if (this.#stopped) return;
      for (const uid of this.#unseen) {
        if (groups.has(uid)) continue;
        this.#unseen.delete(uid);
        changed.push(uid);
      }
      for (const [uid, { stamps, pod }] of this.#pods) {
        if (stamps.size === 0 && pod.observedAt <= at) this.#pods.delete(uid);
      }
      if (!this.#available && this.#lastList > 0) this.#log.info("The container runtime answers again");
      this.#lastList = at;
      this.#setAvailable(true);
      for (const uid of changed) this.onChange.tell(uid);
    } catch (err) {
      if (this.#stopped) return;
      if (this.#available) this.#log.warn("The container runtime does not answer; pods are left as they are", { err });
      else this.#log.debug("Cannot list the runtime's pods", { err });
      this.#setAvailable(false);
      this.onUnanswered.tell();
    }
  }

  /** Whether the runtime has what is known already, in the same states. */
  async #unchanged(): Promise<boolean> {
    if (!this.#available || this.#unseen.size > 0 || !this.#source.stamps) return false;
    const found = await this.#source.stamps();
    if (found.size !== this.#uidOf.size) return false;
    for (const { stamps } of this.#pods.values()) {
      if (stamps.size === 0) return false; // to be forgotten by a list that is younger than its end
      for (const [id, stamp] of stamps) if (found.get(id) !== stamp) return false;
    }
    return true;
  }

  #setAvailable(available: boolean): void {
    if (this.#available === available) return;
    this.#available = available;
    this.onAvailable.tell(available);
  }

  #schedule(): void {
    this.#cancelRelist();
    if (this.#stopped) return;
    const wait = this.#eventful && this.#available ? this.#relistMs : this.#fastRelistMs;
    this.#cancelRelist = this.#clock.after(wait, () => void this.relist());
  }

  /**
   * Looks at the pod concerned. containerd tells of an end before its CRI side has taken it in, so a container that still
   * seems to run is looked at again.
   */
  #event(id: string, ended: boolean, tries = 0): void {
    if (this.#stopped) return;
    const uid = this.#uidOf.get(id);
    if (!uid) {
      // of an action whose worker has not looked yet, or of somebody else
      this.#early.delete(id);
      this.#early.set(id, { at: this.#clock.mono(), ended });
      if (this.#early.size > earlyEvents) this.#early.delete(this.#early.keys().next().value!);
      return;
    }
    this.observe(uid).then((pod) => {
      if (this.#stopped || !ended || tries >= settleTriesMs.length || !stillRuns(pod, id)) return;
      const cancel = this.#clock.after(settleTriesMs[tries], () => {
        this.#settling.delete(cancel);
        this.#event(id, true, tries + 1);
      });
      this.#settling.add(cancel);
    }, (err) => this.#log.debug("Cannot look at a pod after an event", { uid, err }));
  }

  /** Takes a fresh list of one pod into the cache, details only where the list shows news. Says whether anything changed. */
  async #update(
    uid: string,
    sandboxes: ObservedSandbox[],
    containers: ObservedContainer[],
    at: number,
  ): Promise<boolean> {
    const before = this.#pods.get(uid);
    if (before && before.pod.observedAt > at) return false;
    const stamps = new Map<string, string>();
    const known = new Map<string, ObservedSandbox | ObservedContainer>();
    for (const item of [...before?.pod.sandboxes ?? [], ...before?.pod.containers ?? []]) known.set(item.id, item);
    const detail = async <T extends ObservedSandbox | ObservedContainer>(
      item: T,
      stamp: string,
      fetch: (item: T) => Promise<T | undefined>,
    ): Promise<T | undefined> => {
      const kept = before?.stamps.get(item.id) === stamp ? known.get(item.id) as T | undefined : undefined;
      const detailed = kept ?? await fetch(item);
      // what has vanished since the list, or was listed too early, is asked for again when it is listed again
      if (detailed) stamps.set(item.id, stamp);
      return detailed;
    };
    const [sandboxDetails, containerDetails] = await Promise.all([
      Promise.all(
        sandboxes.map((item) => detail(item, sandboxStamp(item), (item) => this.#source.sandboxDetail(item))),
      ),
      Promise.all(
        containers.map((item) => detail(item, containerStamp(item), (item) => this.#source.containerDetail(item))),
      ),
    ]);
    const present = this.#pods.get(uid);
    if (present && present.pod.observedAt > at) return false;
    const pod: ObservedPod = {
      ...emptyPod(uid, at),
      sandboxes: sandboxDetails.filter((item) => item !== undefined),
      containers: containerDetails.filter((item) => item !== undefined),
    };
    sortPod(pod);
    const any = pod.sandboxes[0];
    if (any) Object.assign(pod, { namespace: any.namespace, name: any.name });
    const changed = !same(stamps, present?.stamps ?? new Map());
    for (const id of present?.stamps.keys() ?? []) this.#uidOf.delete(id);
    for (const id of stamps.keys()) {
      this.#uidOf.set(id, uid);
      const early = this.#early.get(id);
      this.#early.delete(id);
      // this look may have missed what it was about
      if (early && (early.at >= at || early.ended && stillRuns(pod, id))) {
        queueMicrotask(() => this.#event(id, early.ended));
      }
    }
    this.#unseen.delete(uid);
    this.#pods.set(uid, { pod, stamps });
    return changed;
  }
}

/** What a change of shows that there is more to ask for. */
export function sandboxStamp({ ready }: Pick<ObservedSandbox, "ready">): string {
  return `${ready}`;
}

export function containerStamp({ state }: Pick<ObservedContainer, "state">): string {
  return state;
}

/** Waits between looks at a container whose end was told and does not show yet. */
const settleTriesMs = [20, 50, 150, 500, 1500];

function stillRuns({ sandboxes, containers }: ObservedPod, id: string): boolean {
  return containers.some((container) => container.id === id && container.state === "running") ||
    sandboxes.some((sandbox) => sandbox.id === id && sandbox.ready);
}

function emptyPod(uid: string, observedAt: number): ObservedPod {
  return { uid, namespace: "", name: "", sandboxes: [], containers: [], observedAt };
}

function same(a: Map<string, string>, b: Map<string, string>): boolean {
  if (a.size !== b.size) return false;
  for (const [key, value] of a) if (b.get(key) !== value) return false;
  return true;
}
