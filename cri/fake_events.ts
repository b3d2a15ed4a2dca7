/** The fake runtime's events: sent to every subscriber, or lost, repeated, held back and reordered on demand. */
import type { CriContainerEvent } from "./events.ts";

export class FakeEvents {
  /** Everything that happened, whether or not anyone was told. */
  readonly history: CriContainerEvent[] = [];
  /** What subscribers get for one event: `() => []` loses it, `(e) => [e, e]` repeats it. */
  interfere: (event: CriContainerEvent) => CriContainerEvent[] = (event) => [event];

  #subscribers = new Set<{ queue: CriContainerEvent[]; wake: () => void }>();
  #held: CriContainerEvent[] | undefined;

  get subscribers(): number {
    return this.#subscribers.size;
  }

  emit(event: CriContainerEvent): void {
    this.history.push(event);
    if (this.#held) this.#held.push(event);
    else this.#send(event);
  }

  /** Holds events back from now on. */
  hold(): void {
    this.#held ??= [];
  }

  /** Sends what was held back, in the order that `reorder` gives it. */
  release(reorder: (events: CriContainerEvent[]) => CriContainerEvent[] = (events) => events): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const event of reorder(held)) this.#send(event);
  }

  #send(event: CriContainerEvent): void {
    for (const told of this.interfere(event)) {
      for (const subscriber of this.#subscribers) {
        subscriber.queue.push(told);
        subscriber.wake();
      }
    }
  }

  /** Events from now on, until the signal aborts. */
  async *subscribe(signal: AbortSignal): AsyncGenerator<CriContainerEvent> {
    const subscriber = { queue: [] as CriContainerEvent[], wake: () => {} };
    this.#subscribers.add(subscriber);
    try {
      while (!signal.aborted) {
        const event = subscriber.queue.shift();
        if (event) {
          yield event;
          continue;
        }
        await new Promise<void>((resolve) => {
          subscriber.wake = resolve;
          signal.addEventListener("abort", () => resolve(), { once: true });
        });
      }
    } finally {
      this.#subscribers.delete(subscriber);
    }
  }
}
