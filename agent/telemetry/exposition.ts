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

function escapeLabel(value: string): string {
  return /[\\"\n]/.test(value) ? value.replace(/[\\"\n]/g, (char) => char === "\n" ? "\\n" : `\\${char}`) : value;
}

export class Exposition {
  #lines: string[] = [];
  #name = "";
  #openmetrics: boolean;

  constructor(readonly format: ExpositionFormat = "text") {
    this.#openmetrics = format === "openmetrics";
  }

  /** Begins a family; its samples follow. */
  family(name: string, type: FamilyType, help: string): void {
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
    this.#lines.push(`# HELP ${shown} ${text}\n# TYPE ${shown} ${kind}`);
  }

  /** One sample of the family. `labels` as `formatLabels` gives them; the time in milliseconds. */
  sample(labels: string, value: number, timeMs?: number): void {
    this.#sample(this.#name, labels, value, timeMs);
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

  /** All of it. */
  text(): string {
    const end = this.#openmetrics ? "# EOF\n" : "";
    return this.#lines.length === 0 ? end : `${this.#lines.join("\n")}\n${end}`;
  }

  #sample(name: string, labels: string, value: number, timeMs?: number): void {
    const what = labels === "" ? `${name} ${number(value)}` : `${name}{${labels}} ${number(value)}`;
    this.#lines.push(timeMs === undefined ? what : `${what} ${this.#openmetrics ? timeMs / 1000 : timeMs}`);
  }

  #bound(value: number): string {
    return this.#openmetrics && Number.isInteger(value) ? `${value}.0` : number(value);
  }
}

function number(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
}
