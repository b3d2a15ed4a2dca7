/**
 * Defaults, then the file, then flags; then the rules between them. Everything that is wrong is told at once, with its
 * place; everything that is known but does nothing is a warning.
 */
import { dirname, resolve } from "node:path";
import { nodeName as checkNodeName } from "./checks.ts";
import type { Field } from "./field.ts";
import type { Flags } from "./flags.ts";
import { type Host, type NodeConfig, nodeConfig, thisHost } from "./node_config.ts";
import { defaultSettings, type Settings } from "./settings.ts";
import { fieldsByFlag } from "./table.ts";
import { conflicts } from "./validate.ts";
import { readFlag, readValue } from "./values.ts";

export interface LoadOptions {
  /** Default: the flag `--config`; without either there is no file. */
  file?: string;
  flags?: Flags;
  readFile?: (path: string) => Promise<string>;
  host?: Host;
}

export type Loaded =
  | { config: NodeConfig; warnings: string[]; errors?: undefined }
  | { config?: undefined; warnings: string[]; errors: string[] };

/** One value for one setting, and where it came from. */
interface Assignment {
  field: Field;
  value: unknown;
  /** `file.yaml:3:7: maxPods` or `--max-pods`. */
  where: string;
  from: "file" | "flag";
}

/** Rejects never: an unreadable file is an error like any other. */
export async function loadConfig(options: LoadOptions = {}): Promise<Loaded> {
  const { flags = new Map(), readFile = Deno.readTextFile, host = thisHost } = options;
  const warnings: string[] = [];
  const errors: string[] = [];
  const given: Assignment[] = [];
  const file = options.file ?? flags.get("config")?.at(-1);
  const take = (field: Field, read: ReturnType<typeof readValue>, where: string, from: Assignment["from"]) => {
    if ("problem" in read) errors.push(`${where}: ${read.problem}`);
    else if (!("unset" in read)) given.push({ field, value: read.value, where, from });
  };
  if (file !== undefined) {
    const content = await readConfigFile(file, readFile);
    errors.push(...content.errors);
    for (const { field, value, place } of content.fields) {
      take(field, readValue(field, value, dirname(resolve(file))), `${place}: ${field.path}`, "file");
    }
  }
  const byFlag = fieldsByFlag();
  for (const [name, texts] of flags) {
    const field = byFlag.get(name);
    if (!field) errors.push(`unknown flag: --${name}`);
    else if (name !== "config") take(field, readFlag(field, texts), `--${name}`, "flag");
  }
  for (const { field, value, where } of given) {
    if (field.refused) errors.push(`${where}: Forbidden: ${field.refused}`);
    else if (field.noteWhen && !field.noteWhen(value as never)) continue;
    else if (field.note) warnings.push(`${where}: ${field.sets ? "" : "has no effect: "}${field.note}`);
    else if (!field.sets) warnings.push(`${where}: is known but has no effect in this version`);
  }
  const settings = defaultSettings();
  const chosen = choose(given.filter(({ field }) => field.sets && !field.refused), errors);
  for (const [setting, { value }] of chosen) Object.assign(settings, { [setting]: value });
  for (const { setting, problem } of conflicts(settings)) {
    errors.push(`${chosen.get(setting)?.where ?? pathOf(setting)}: ${problem}`);
  }
  const config = nodeConfig(settings, host);
  const wrongName = checkNodeName(config.nodeName);
  if (wrongName && !chosen.has("nodeName")) {
    errors.push(`nodeName: Invalid value: ${JSON.stringify(config.nodeName)} (the hostname): ${wrongName}`);
  }
  return errors.length > 0 ? { errors: inOrder(errors), warnings } : { config, warnings };
}

/** The file's errors by line and column, the others behind them as they came. */
function inOrder(errors: readonly string[]): string[] {
  const place = (error: string) => {
    const [, line, column] = /^\S+?:(\d+):(\d+): /.exec(error) ?? [, Infinity, 0];
    return [Number(line), Number(column)];
  };
  const placed = errors.map((error) => ({ error, place: place(error) }));
  const compare = (a: number, b: number) => a === b ? 0 : a - b;
  return placed.sort((a, b) => compare(a.place[0], b.place[0]) || compare(a.place[1], b.place[1])).map((each) =>
    each.error
  );
}

/** Flags win over the file. Two places of the same rank that differ are an error. */
function choose(given: readonly Assignment[], errors: string[]): Map<keyof Settings, Assignment> {
  const chosen = new Map<keyof Settings, Assignment>();
  for (const each of given) {
    const setting = each.field.sets!;
    const before = chosen.get(setting);
    if (before && before.from === each.from && JSON.stringify(before.value) !== JSON.stringify(each.value)) {
      // The level of the log is the one setting that is written in two ways; islet's own word for it is the finer one.
      if (setting === "logLevel") {
        if (each.field.path === "logging.verbosity") continue;
      } else errors.push(`${each.where}: Invalid value: ${JSON.stringify(each.value)}: differs from ${before.where}`);
    }
    chosen.set(setting, each);
  }
  return chosen;
}

/** Where a setting would be written, for messages about one that was not. */
function pathOf(setting: keyof Settings): string {
  const field = [...fieldsByFlag().values()].find(({ sets }) => sets === setting);
  return field ? `${field.path} (--${field.flags[0]})` : setting;
}

async function readConfigFile(file: string, readFile: (path: string) => Promise<string>) {
  let text: string;
  try {
    text = await readFile(file);
  } catch (err) {
    const what = err instanceof Deno.errors.NotFound
      ? "no such file"
      : (err as Error).message.replace(/ \(os error \d+\).*$/s, "");
    return { fields: [], errors: [`Cannot read the configuration ${file}: ${what}`] };
  }
  const { readDocuments } = await import("./document.ts");
  return await readDocuments(text, file);
}
