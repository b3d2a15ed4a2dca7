/**
 * How the node learns at once that memory runs short, by the best road that the machine permits:
 *
 *     cgroup v1   thresholds of memory.usage_in_bytes: an eventfd is signalled when the use crosses one. Exact.
 *     PSI         a trigger on memory.pressure or /proc/pressure/memory: told when tasks stand still for want of memory.
 *                 It says that something is wrong, not how much is left, so the polling beside it goes on.
 *     polling     nothing but looking, more often the less is left (`pace.ts`).
 *
 * Sources: Linux admin-guide/cgroup-v1/memory.rst (9. Memory thresholds), accounting/psi.rst. Triggers with windows that
 * are not a multiple of two seconds need CAP_SYS_RESOURCE.
 */
import { EventFd, Fd, KernelWatch, O, openPath, POLL, poll, writeFd, writeFdAside } from "../../linux/mod.ts";

/** A cgroup's use of memory at which to wake, in bytes. */
export interface MemoryThreshold {
  /** Directory of the cgroup in the memory hierarchy. */
  directory: string;
  usageBytes: number;
}

export type RoadName = "cgroup v1 thresholds" | "PSI trigger" | "polling";

export interface MemoryRoad {
  readonly name: RoadName;
  /** Whether a threshold cannot be crossed without `onEvent` being called: then nothing has to be polled. */
  readonly exact: boolean;
  /** Where to wake, from now on. */
  set(thresholds: readonly MemoryThreshold[]): void;
  stop(): Promise<void>;
}

export interface RoadOptions {
  /** Directory of the root in cgroup v1's memory hierarchy; undefined on v2. */
  v1Root?: string;
  /** PSI files to put triggers on, the best first. */
  pressureFiles: readonly string[];
  onEvent(): void;
  /** Told why a better road is not taken, or was left. */
  onTrouble(what: string, err: unknown): void;
}

/** Triggers, what needs privileges first: a tenth of a second within one, two tenths within two. */
const triggers = ["some 100000 1000000", "some 200000 2000000"];
/** After an event, before the next is listened for: the kernel may tell thousands of times a second. */
const restMs = 100;

/** Takes the best road there is. */
export async function openMemoryRoad(options: RoadOptions): Promise<MemoryRoad> {
  const { v1Root, onTrouble } = options;
  if (v1Root !== undefined) {
    try {
      await tryThreshold(v1Root);
      return new ThresholdRoad(options);
    } catch (err) {
      onTrouble("Cannot watch memory by cgroup thresholds", err);
    }
  }
  for (const path of options.pressureFiles) {
    try {
      return new PressureRoad(openTrigger(path), options);
    } catch (err) {
      onTrouble(`Cannot watch memory by ${path}`, err);
    }
  }
  return { name: "polling", exact: false, set: () => {}, stop: () => Promise.resolve() };
}

/** cgroup v1: all thresholds share one eventfd, and go with it. */
class ThresholdRoad extends KernelWatch implements MemoryRoad {
  readonly name = "cgroup v1 thresholds";
  readonly #options: RoadOptions;
  #exact = true;
  #events: EventFd | undefined;
  #wanted: readonly MemoryThreshold[] | undefined;

  constructor(options: RoadOptions) {
    super();
    this.#options = options;
    this.begin();
  }

  get exact(): boolean {
    return this.#exact;
  }

  set(thresholds: readonly MemoryThreshold[]): void {
    if (this.stopped) return;
    this.#wanted = thresholds;
    this.wake.signal();
  }

  protected override async run(): Promise<void> {
    while (!this.stopped) {
      if (this.#wanted) await this.#register(this.#wanted);
      const targets = [this.wake, ...this.#events ? [this.#events] : []];
      const [woken, crossed] = await poll(targets.map((fd) => ({ fd, events: POLL.IN })));
      if (woken) this.wake.drain();
      if (!crossed || this.stopped) continue;
      this.#events?.drain();
      this.#options.onEvent();
      await rest();
    }
    this.#events?.close();
  }

  async #register(thresholds: readonly MemoryThreshold[]): Promise<void> {
    this.#wanted = undefined;
    // closing the descriptor takes its thresholds back
    this.#events?.close();
    this.#events = undefined;
    const events = new EventFd();
    try {
      for (const threshold of thresholds) await register(events, threshold);
      this.#events = events;
      this.#exact = true;
    } catch (err) {
      events.close();
      this.#exact = false;
      this.#options.onTrouble("Cannot set a threshold of memory", err);
    }
  }
}

/** Whether there are thresholds at all: with one on the root that is never crossed. */
async function tryThreshold(root: string): Promise<void> {
  using events = new EventFd();
  await register(events, { directory: root, usageBytes: 2 ** 52 });
}

/** Takes tens of milliseconds: the kernel waits for all processors (mm/memcontrol-v1.c, synchronize_rcu). */
async function register(events: EventFd, { directory, usageBytes }: MemoryThreshold): Promise<void> {
  using usage = openPath(`${directory}/memory.usage_in_bytes`, O.RDONLY);
  using control = openPath(`${directory}/cgroup.event_control`, O.WRONLY);
  await writeFdAside(control, `${events.number} ${usage.number} ${Math.max(0, Math.floor(usageBytes))}`);
}

/** PSI: the trigger lives as long as its descriptor. */
class PressureRoad extends KernelWatch implements MemoryRoad {
  readonly name = "PSI trigger";
  readonly exact = false;
  readonly #trigger: Fd;
  readonly #options: RoadOptions;

  constructor(trigger: Fd, options: RoadOptions) {
    super();
    this.#trigger = trigger;
    this.#options = options;
    this.begin();
  }

  set(): void {}

  protected override async run(): Promise<void> {
    const trigger = this.#trigger, { onEvent, onTrouble } = this.#options;
    while (!this.stopped) {
      const [, told] = await poll([{ fd: this.wake, events: POLL.IN }, { fd: trigger, events: POLL.PRI }]);
      if (this.stopped) break;
      if (told & (POLL.ERR | POLL.NVAL)) {
        onTrouble("Memory pressure is no longer told of", new Error(`${trigger.path} is gone`));
        break;
      }
      if (told & POLL.PRI) onEvent();
      await rest();
    }
    trigger.close();
  }
}

function openTrigger(path: string): Fd {
  let failure: unknown;
  for (const trigger of triggers) {
    const fd = openPath(path, O.RDWR | O.NONBLOCK);
    try {
      writeFd(fd, trigger);
      return fd;
    } catch (err) {
      fd.close();
      failure ??= err;
    }
  }
  throw failure;
}

function rest(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, restMs));
}
