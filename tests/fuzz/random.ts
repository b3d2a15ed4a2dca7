/** Randomness that a seed repeats (mulberry32), and the things that it is asked for. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** In [0, 1). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  /** Below `limit`. */
  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)];
  }

  text(length: number, alphabet = "abcdefghijklmnopqrstuvwxyz0123456789-."): string {
    let text = "";
    for (let i = 0; i < length; i++) text += alphabet[this.below(alphabet.length)];
    return text;
  }

  /** Any JSON value, not too deep. */
  json(depth = 3): unknown {
    switch (this.below(depth > 0 ? 12 : 9)) {
      case 0:
        return null;
      case 1:
        return this.chance(0.5);
      case 2:
        return this.below(100);
      case 3:
        return this.pick([-1, 1e300, 0.5, 2 ** 53, -(2 ** 31) - 1, 65536, 1e-9]);
      case 4:
        return "";
      case 5:
        return this.text(this.below(20));
      case 6:
        return this.pick([
          "__proto__",
          "constructor",
          "\u0000",
          "\ud800",
          "é😀",
          "..",
          "../../etc/passwd",
          "a".repeat(300),
        ]);
      case 7:
        return this.pick(["100m", "1Gi", "-5", "1e9999999", "2026-01-01T00:00:00Z", "True", "0x10"]);
      case 8:
        return this.pick([[], {}]);
      case 9:
      case 10:
        return Array.from({ length: this.below(4) }, () => this.json(depth - 1));
      default:
        return Object.fromEntries(Array.from({ length: this.below(4) }, () => [this.key(), this.json(depth - 1)]));
    }
  }

  key(): string {
    return this.pick([
      "name",
      "spec",
      "metadata",
      "status",
      "kind",
      "items",
      "__proto__",
      "constructor",
      "toString",
      "",
      "$patch",
      "$retainKeys",
      "f:metadata",
      this.text(3),
    ]);
  }
}
