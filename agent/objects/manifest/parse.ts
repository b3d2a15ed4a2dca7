/**
 * A manifest's text to objects: every document, every item of a List, validated and defaulted, with all problems of the
 * file sorted by their place.
 */
import { decodeObject, type DecodeOptions } from "../decode.ts";
import { type FieldError } from "../field_error.ts";
import { FieldPath } from "../field_path.ts";
import { kinds, type KubeObject } from "../kinds.ts";
import type { ManifestHashes } from "./hash.ts";
import { readYaml, type YamlDocument, yamlLimits } from "./yaml.ts";

/** Something wrong in a file, and where. */
export interface FieldProblem {
  file: string;
  severity: "error" | "warning";
  line: number;
  column: number;
  /** `spec.containers[0].name`; absent when the text itself is wrong. */
  path?: string;
  message: string;
  /** The object that it is about, as far as it could be read. */
  object?: { apiVersion?: string; kind?: string; namespace?: string; name?: string };
}

export interface ParseOptions extends Omit<DecodeOptions, "manifest"> {
  /** As the problems name it. */
  file: string;
}

export interface ParsedManifest {
  /** The objects without errors, in the file's order. */
  objects: KubeObject[];
  /** What each of `objects` was written as. A list beside it, so that a child process can answer in JSON. */
  hashes: ManifestHashes[];
  errors: FieldProblem[];
  warnings: FieldProblem[];
}

/** Problems listed of one file; what comes after says little more. */
const problemLimit = 100;

/** `web.yaml:7:11: spec.containers[0].name: Invalid value: …`. */
export function problemText({ file, line, column, path, message }: FieldProblem): string {
  return `${file}:${line}:${column}: ${path ? path + ": " : ""}${message}`;
}

/** The size that counts for the limit. */
export function manifestBytes(text: string): number {
  // Three bytes a unit is the most that UTF-8 takes.
  return text.length * 3 <= yamlLimits.bytes ? text.length : new TextEncoder().encode(text).length;
}

/** Reads a manifest. Never throws for what the text says. */
export function parseManifest(text: string, options: ParseOptions): ParsedManifest {
  const { file } = options;
  if (manifestBytes(text) > yamlLimits.bytes) return refuse(file, `file is larger than ${yamlLimits.bytes} bytes`);
  const parse = new ManifestParse(options);
  for (const document of readYaml(text.startsWith("\ufeff") ? text.slice(1) : text)) parse.document(document);
  return parse.result();
}

/** An answer that is one error about the file as a whole. */
export function refuse(file: string, message: string): ParsedManifest {
  const error: FieldProblem = { file, severity: "error", line: 1, column: 1, message };
  return { objects: [], hashes: [], errors: [error], warnings: [] };
}

/** `PodList` is a list of Pods. */
function listOf(kind: unknown): { item?: string; apiVersion?: string } | undefined {
  if (kind === "List") return {};
  const item = kinds.find((known) => kind === `${known.kind}List`);
  return item && { item: item.kind, apiVersion: item.apiVersion };
}

class ManifestParse {
  #objects: KubeObject[] = [];
  #hashes: ManifestHashes[] = [];
  #errors: FieldProblem[] = [];
  #warnings: FieldProblem[] = [];
  /** Where each object of the file was first seen. */
  #seen = new Map<string, number>();

  constructor(private readonly options: ParseOptions) {}

  document(document: YamlDocument): void {
    const { file } = this.options;
    for (const problem of document.problems) this.#errors.push({ file, severity: "error", ...problem });
    // A document that cannot be read for certain is not guessed at.
    if (document.value === undefined || document.value === null || document.problems.length) return;
    this.#value(document.value, FieldPath.root, document);
  }

  #value(value: unknown, prefix: FieldPath, document: YamlDocument): void {
    const map = value as Record<string, unknown>;
    const list = typeof value === "object" && value !== null && !Array.isArray(value) ? listOf(map.kind) : undefined;
    if (!list) return this.#object(value, prefix, document);
    const items = map.items ?? [];
    const path = prefix.child("items");
    if (!Array.isArray(items)) {
      this.#add({ type: "Invalid", path, message: `Invalid value: must be a list` }, FieldPath.root, document, {});
      return;
    }
    for (const [index, item] of items.entries()) {
      const whole = list.item && typeof item === "object" && item !== null
        ? { apiVersion: list.apiVersion, kind: list.item, ...item }
        : item;
      this.#value(whole, path.index(index), document);
    }
  }

  #object(value: unknown, prefix: FieldPath, document: YamlDocument): void {
    const { object, hashes, identity, problems } = decodeObject(value, { ...this.options, manifest: true });
    for (const error of problems.errors) this.#add(error, prefix, document, identity);
    for (const warning of problems.warnings) this.#add(warning, prefix, document, identity);
    const { kind, namespace, name } = object ? { kind: object.kind, ...object.metadata } : identity;
    const path = FieldPath.of("metadata", "name");
    if (kind && name) {
      const key = `${kind} ${namespace ? namespace + "/" : ""}${name}`;
      const { line } = document.locate(path.under(prefix).steps());
      const first = this.#seen.get(key);
      if (first !== undefined) {
        const message = `Duplicate value: ${JSON.stringify(name)}: ${key} is already defined at line ${first}`;
        this.#add({ type: "Duplicate", path, message }, prefix, document, identity);
        return;
      }
      this.#seen.set(key, line);
    }
    if (!object) return;
    this.#objects.push(object);
    this.#hashes.push(hashes!);
  }

  #add(error: FieldError, prefix: FieldPath, document: YamlDocument, object: FieldProblem["object"]): void {
    const path = error.path.under(prefix);
    const unknown = error.message.startsWith("unknown field");
    const warning = error.type === "Warning";
    (warning ? this.#warnings : this.#errors).push({
      file: this.options.file,
      severity: warning ? "warning" : "error",
      ...document.locate(path.steps(), { key: unknown }),
      path: path.toString(),
      message: error.message,
      object,
    });
  }

  result(): ParsedManifest {
    const file = this.options.file;
    const sorted = (problems: FieldProblem[]) => {
      const list = problems.sort((a, b) => a.line - b.line || a.column - b.column);
      if (list.length <= problemLimit) return list;
      const { severity, line, column } = list[problemLimit];
      const rest = `and ${list.length - problemLimit} more ${severity}s`;
      return [...list.slice(0, problemLimit), { file, severity, line, column, message: rest }];
    };
    return {
      objects: this.#objects,
      hashes: this.#hashes,
      errors: sorted(this.#errors),
      warnings: sorted(this.#warnings),
    };
  }
}
