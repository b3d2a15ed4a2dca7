/**
 * Structured logging: one line an entry, human-readable on a terminal, JSON elsewhere (systemd's journal, files).
 * Secrets never go in: callers pass names, never values.
 */
export type Level = "debug" | "info" | "warn" | "error";

const order: Record<Level, number> = { debug: 0, info: 1, warn: 2, error: 3 };

/** The fields that entries share; further ones are welcome. */
export interface Fields {
  /** `namespace/name`. */
  pod?: string;
  container?: string;
  /** The failure; its `cause` chain is printed once, here. */
  err?: unknown;
  [key: string]: unknown;
}

export interface Logger {
  debug(msg: string, fields?: Fields): void;
  info(msg: string, fields?: Fields): void;
  warn(msg: string, fields?: Fields): void;
  error(msg: string, fields?: Fields): void;
  /** A logger that adds `fields` to every entry. */
  with(fields: Fields): Logger;
}

export interface LogOptions {
  level?: Level;
  /** Default: "text" on a terminal, "json" elsewhere. */
  format?: "text" | "json";
  write?: (line: string) => void;
  /** Takes entries as they are, in the place of lines. */
  sink?: (entry: Entry) => void;
  now?: () => number;
}

/** What is said once: `fields.err` in words. */
export interface Entry {
  level: Level;
  msg: string;
  fields: Record<string, unknown>;
}

const encoder = new TextEncoder();

/** A logger writing to standard error. */
export function createLogger(options: LogOptions = {}): Logger {
  const {
    level = "info",
    format = Deno.stderr.isTerminal() ? "text" : "json",
    write: put = (line) => void Deno.stderr.writeSync(encoder.encode(line + "\n")),
    sink,
    now = Date.now,
  } = options;
  const write = (line: string) => {
    try {
      put(line);
    } catch {
      // the log may be on a disk that is full, or nobody reads it any more: that is no reason to stop
    }
  };
  const make = (base: Fields): Logger => {
    const log = (at: Level) => (msg: string, fields?: Fields) => {
      if (order[at] < order[level]) return;
      const all = { ...base, ...fields };
      const err = all.err === undefined ? undefined : errorText(all.err);
      delete all.err;
      if (sink) return sink({ level: at, msg, fields: err === undefined ? all : { ...all, err } });
      const time = new Date(now()).toISOString();
      if (format === "json") {
        write(JSON.stringify({ time, level: at, msg, ...all, ...(err === undefined ? {} : { err }) }));
      } else {
        const words = inWords({ msg, fields: err === undefined ? all : { ...all, err } });
        write(`${time.slice(11, 23)} ${at.toUpperCase().padEnd(5)} ${words}`);
      }
    };
    return {
      debug: log("debug"),
      info: log("info"),
      warn: log("warn"),
      error: log("error"),
      with: (fields) => make({ ...base, ...fields }),
    };
  };
  return make({});
}

/** An entry for people: `Cannot start web pod=default/web err="connection refused"`. */
export function inWords({ msg, fields }: Pick<Entry, "msg" | "fields">): string {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined);
  return msg + given.map(([key, value]) => ` ${key}=${quote(value)}`).join("");
}

/** A logger that says nothing. */
export const silentLogger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  with: () => silentLogger,
};

/** An error's message with its causes: `Cannot start web: connection refused`. */
export function errorText(err: unknown): string {
  const parts: string[] = [];
  for (let at = err, depth = 0; at !== undefined && at !== null && depth < 8; depth++) {
    const text = at instanceof Error ? at.message : String(at);
    if (text && !parts.some((part) => part.includes(text))) parts.push(text);
    at = at instanceof Error ? at.cause : undefined;
  }
  return parts.join(": ");
}

function quote(value: unknown): string {
  const text = typeof value === "string"
    ? value
    : Array.isArray(value) && value.every((each) => typeof each === "string")
    ? value.join("; ")
    : JSON.stringify(value) ?? String(value);
  return /^[^\s"=]+$/.test(text) ? text : JSON.stringify(text);
}
