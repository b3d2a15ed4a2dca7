/**
 * Counters and histograms that live as long as the agent, for what happens between scrapes: calls, requests, probes. What
 * can be looked up when somebody asks is no instrument but a collector, which writes it then.
 *
 *     const calls = metrics.counter("kubelet_runtime_operations_total", "Cumulative number …", ["operation_type"]);
 *     calls.add(["version"]);
 *     metrics.write(new Exposition("text"))
 *
 * An instrument knows one number for each set of label values; values must come from small sets (methods, codes), never
 * from names of pods.
 */
import { type Exposition, formatLabels } from "./exposition.ts";

/** Writes families when somebody scrapes. */
export type Collector = (out: Exposition) => void;

/** More than this many sets of label values are a mistake: those beyond are dropped. */
const maxSeries = 2000;

class Series<T> {
  readonly #byKey = new Map<string, { labels: string; value: T }>();

  constructor(private readonly names: readonly string[], private readonly make: () => T) {}

  get(values: readonly string[]): { labels: string; value: T } | undefined {
    const key = values.length === 1 ? values[0] : values.join("\0");
    let found = this.#byKey.get(key);
    if (!found && this.#byKey.size < maxSeries) {
      const labels = formatLabels(Object.fromEntries(this.names.map((name, at) => [name, values[at] ?? ""])));
      this.#byKey.set(key, found = { labels, value: this.make() });
    }
    return found;
  }

  values(): Iterable<{ labels: string; value: T }> {
    return this.#byKey.values();
  }

  get size(): number {
    return this.#byKey.size;
  }
}

export class Counter {
  readonly #series: Series<number>;

  constructor(readonly name: string, readonly help: string, labels: readonly string[] = []) {
    this.#series = new Series(labels, () => 0);
    if (labels.length === 0) this.#series.get([]);
  }

  /** `labels`: values in the order of the names. */
  add(labels: readonly string[] = [], by = 1): void {
    const series = this.#series.get(labels);
    if (series) series.value += by;
  }

  write(out: Exposition): void {
    if (this.#series.size === 0) return;
    out.family(this.name, "counter", this.help);
    for (const { labels, value } of this.#series.values()) out.sample(labels, value);
  }
}

export class Histogram {
  readonly #series: Series<Float64Array>;

  /** @param bounds upper bounds of the buckets, rising, without the last one that has none. */
  constructor(
    readonly name: string,
    readonly help: string,
    labels: readonly string[],
    readonly bounds: readonly number[],
  ) {
    // counts of the buckets, of what is beyond, and the sum
    this.#series = new Series(labels, () => new Float64Array(bounds.length + 2));
    if (labels.length === 0) this.#series.get([]);
  }

  observe(value: number, labels: readonly string[] = []): void {
    const series = this.#series.get(labels);
    if (series) observe(series.value, this.bounds, value);
  }

  write(out: Exposition): void {
    if (this.#series.size === 0) return;
    out.family(this.name, "histogram", this.help);
    for (const { labels, value } of this.#series.values()) {
      out.histogram(labels, this.bounds, value, value[this.bounds.length + 1]);
    }
  }
}

/** Counts a value in an array of bucket counts that is followed by the count of what is beyond, and by the sum. */
export function observe(counts: Float64Array, bounds: readonly number[], value: number): void {
  let at = 0;
  while (at < bounds.length && value > bounds[at]) at++;
  counts[at]++;
  counts[bounds.length + 1] += value;
}

/** `count` bounds, each `factor` times the one before. */
export function exponentialBounds(start: number, factor: number, count: number): number[] {
  return Array.from({ length: count }, (_, at) => Number((start * factor ** at).toPrecision(12)));
}

/** The bounds that client libraries take when nothing is said. */
export const defaultBounds: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** All instruments and collectors of one agent. */
export class Metrics {
  readonly #collectors: Collector[] = [];

  counter(name: string, help: string, labels: readonly string[] = []): Counter {
    const counter = new Counter(name, help, labels);
    this.#collectors.push((out) => counter.write(out));
    return counter;
  }

  histogram(name: string, help: string, labels: readonly string[], bounds = defaultBounds): Histogram {
    const histogram = new Histogram(name, help, labels, bounds);
    this.#collectors.push((out) => histogram.write(out));
    return histogram;
  }

  /** Families that are looked up when somebody scrapes. */
  collect(collector: Collector): void {
    this.#collectors.push(collector);
  }

  write(out: Exposition): void {
    for (const collector of this.#collectors) collector(out);
  }
}
