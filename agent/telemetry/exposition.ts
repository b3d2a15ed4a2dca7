/**
 * Prometheus' text format and OpenMetrics, written at scrape time. The differences are few: OpenMetrics counts time
 * stamps in seconds, names a counter's family without `_total`, and ends with `# EOF`.
 *
 *     const out = new Exposition("text");
 *     out.family("kubelet_running_pods", "gauge", "Number of pods that have a running pod sandbox");
 *     out.sample("", 12);
 *     out.text()
 */
export type ExpositionFormat = "text" | "openmetrics";
export type FamilyType = "counter" | "gauge" | "histogram" | "unknown";

/** `content-type` of each format. */
export const expositionTypes: Record<ExpositionFormat, string> = {
  text: "text/plain; version=0.0.4; charset=utf-8",
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
};

/** What a client asked for: OpenMetrics only where `Accept` names it, and does not like plain text better. */
export function expositionFormat(accept: string | undefined): ExpositionFormat {
  let openmetrics = -1, text = -1;
  for (const range of (accept ?? "").split(",")) {
    const [type, ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
    const q = Number(parameters.find((each) => each.startsWith("q="))?.slice(2) ?? 1);
    const version = parameters.find((each) => each.startsWith("version="))?.slice("version=".length);
    if (type === "application/openmetrics-text" && (version === undefined || /^(0\.0\.1|1\.0\.0)$/.test(version))) {
      openmetrics = Math.max(openmetrics, q);
    } else if (type === "text/plain" || type === "text/*" || type === "*/*") text = Math.max(text, q);
  }
  return openmetrics > 0 && openmetrics >= text ? "openmetrics" : "text";
}

export type Labels = Readonly<Record<string, string>>;

/** Labels as they stand between the braces. Made once for all samples of a thing. */
export function formatLabels(labels: Labels): string {
  let text = "";
  for (const name in labels) {
    text += `${text === "" ? "" : ","}${name}="${escapeLabel(labels[name])}"`;
  }
  return text;
}

/** Two label texts together; either may be empty. */
export function joinLabels(first: string, second: string): string {
  return first === "" ? second : second === "" ? first : `${first},${second}`;
}

/** What many families have a sample of: its labels and its time, put into words once. */
export interface Subject {
  labels: string;
  /** Between the family's name and the value. */
  before: string;
  /** Behind the value. */
  after: string;
}

function escapeLabel(value: string): string {
  return /[\\"\n]/.test(value) ? value.replace(/[\\"\n]/g, (char) => char === "\n" ? "\\n" : `\\${char}`) : value;
}

/** A text that is longer is put into bytes: a large page never stands in the heap as a whole. */
const pieceLength = 32 * 1024;

const encoder = new TextEncoder();

export class Exposition {
  // one text that grows: cheaper by half than lines that are put together at the end
  #text = "";
  #bytes: Uint8Array<ArrayBuffer>;
  #size = 0;
  #name = "";
  #openmetrics: boolean;

  /** `expectedBytes`: about how long it will be, where that is known. */
  constructor(readonly format: ExpositionFormat = "text", expectedBytes = 0) {
    this.#openmetrics = format === "openmetrics";
    this.#bytes = new Uint8Array(expectedBytes);
  }

  /** Begins a family; its samples follow. */
  family(name: string, type: FamilyType, help: string): void {
    if (this.#text.length > pieceLength) this.#cut();
    this.#name = name;
    const isTotal = type === "counter" && name.endsWith("_total");
    const shown = this.#openmetrics && isTotal ? name.slice(0, -"_total".length) : name;
    const kind = !this.#openmetrics
      ? type === "unknown" ? "untyped" : type
      // a counter of another name is none to OpenMetrics
      : type === "counter" && !isTotal
      ? "unknown"
      : type;
    const text = help.replace(
      this.#openmetrics ? /[\\\n"]/g : /[\\\n]/g,
      (char) => char === "\n" ? "\\n" : `\\${char}`,
    );
    this.#text += `# HELP ${shown} ${text}\n# TYPE ${shown} ${kind}\n`;
  }

  /** One sample of the family. `labels` as `formatLabels` gives them; the time in milliseconds. */
  sample(labels: string, value: number, timeMs?: number): void {
    this.#sample(this.#name, labels, value, timeMs);
  }

  /** Labels and time (milliseconds) as `add()` takes them. */
  subject(labels: string, timeMs?: number): Subject {
    return { labels, before: labels === "" ? " " : `{${labels}} `, after: this.#after(timeMs) };
  }

  /** A sample of the family for a subject. `value` is finite. */
  add({ before, after }: Subject, value: number): void {
    this.#text += this.#name + before + value + after;
  }

  /** A sample for each subject that `value` gives a finite number of. */
  addAll<T extends Subject>(subjects: readonly T[], value: (subject: T) => number | undefined): void {
    let text = this.#text;
    const name = this.#name;
    for (const subject of subjects) {
      const found = value(subject);
      if (found !== undefined) text += name + subject.before + found + subject.after;
    }
    this.#text = text;
  }

  /** A histogram's samples. `counts` has one number a bucket and one for what is beyond the last, not added up. */
  histogram(labels: string, bounds: readonly number[], counts: ArrayLike<number>, sum: number): void {
    let total = 0;
    for (let at = 0; at <= bounds.length; at++) {
      total += counts[at];
      const bound = at === bounds.length ? "+Inf" : this.#bound(bounds[at]);
      this.#sample(`${this.#name}_bucket`, joinLabels(labels, `le="${bound}"`), total);
    }
    this.#sample(`${this.#name}_sum`, labels, sum);
    this.#sample(`${this.#name}_count`, labels, total);
  }

  /** All of it; nothing can follow. */
  bytes(): Uint8Array<ArrayBuffer> {
    if (this.#openmetrics) this.#text += "# EOF\n";
    this.#cut();
    return this.#bytes.subarray(0, this.#size);
  }

  /** The same as text. */
  text(): string {
    return new TextDecoder().decode(this.bytes());
  }

  #cut(): void {
    const text = this.#text;
    this.#text = "";
    for (let done = 0; done < text.length;) {
      const rest = done === 0 ? text : text.slice(done);
      // one character takes four bytes at most
      if (this.#bytes.length - this.#size < Math.max(rest.length, 4)) this.#enlarge(rest.length + 4);
      const { read, written } = encoder.encodeInto(rest, this.#bytes.subarray(this.#size));
      done += read;
      this.#size += written;
    }
  }

  #enlarge(by: number): void {
    const larger = new Uint8Array(this.#size + Math.max(by, this.#size));
    larger.set(this.#bytes.subarray(0, this.#size));
    this.#bytes = larger;
  }

  #sample(name: string, labels: string, value: number, timeMs?: number): void {
    const braces = labels === "" ? " " : `{${labels}} `;
    this.#text += name + braces + number(value) + this.#after(timeMs);
  }

  #after(timeMs: number | undefined): string {
    return timeMs === undefined ? "\n" : ` ${this.#openmetrics ? timeMs / 1000 : timeMs}\n`;
  }

  #bound(value: number): string {
    return this.#openmetrics && Number.isInteger(value) ? `${value}.0` : number(value);
  }
}

function number(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
}
