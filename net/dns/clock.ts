/** Time as this room needs it: monotonic, and told by whoever makes a server. */
export interface Clock {
  /** Milliseconds since an arbitrary start. */
  mono(): number;
  /** Runs `fn` once after `ms`; the returned function cancels it. */
  after(ms: number, fn: () => void): () => void;
}

export const systemClock: Clock = {
  mono: () => performance.now(),
  after(ms, fn) {
    const timer = setTimeout(fn, ms);
    return () => clearTimeout(timer);
  },
};
