/**
 * A configuration file: YAML (or JSON), several documents, each of a known kind, every value with its place.
 *
 * Loaded when there is a file, and the `yaml` package with it: a node that is started by flags alone needs neither.
 */
import {
  isAlias,
  isMap,
  isScalar,
  LineCounter,
  type Node,
  type Pair,
  parseAllDocuments,
  visit,
  type YAMLMap,
} from "yaml";
import type { DocumentKind, Field } from "./field.ts";
import { nearest } from "../nearest.ts";
import { documentKinds, fieldsByPath } from "./table.ts";

/** One field that a file sets. */
export interface FileField {
  field: Field;
  value: unknown;
  /** `file:line:column`. */
  place: string;
}

export interface FileContent {
  fields: FileField[];
  errors: string[];
}

/** Longer files are no configuration. */
const limit = 1024 * 1024;

/** Reads all documents; collects every problem with its place. */
export function readDocuments(text: string, file: string): FileContent {
  if (text.length > limit) return { fields: [], errors: [`${file}: the file is larger than 1 MiB`] };
  if (/[\0\ufffd]/.test(text)) return { fields: [], errors: [`${file}: the file is not UTF-8 text`] };
  const lines = new LineCounter();
  const fields: FileField[] = [];
  const errors: string[] = [];
  const reader = new DocumentReader(lines, file, fields, errors);
  // The package's own check of unique keys takes quadratic time; the reader has its own.
  const documents = parseAllDocuments(text, { uniqueKeys: false, lineCounter: lines, prettyErrors: false });
  const seen = new Set<DocumentKind>();
  for (const document of Array.isArray(documents) ? documents : []) {
    for (const { pos, message } of document.errors) errors.push(`${reader.at(pos[0])}: ${brief(message)}`);
    if (document.errors.length > 0 || document.contents === null) continue;
    reader.document = document as never;
    const kind = reader.kindOf(document.contents as Node);
    if (!kind) continue;
    if (seen.has(kind)) {
      errors.push(`${reader.at(document.contents.range![0])}: a second ${kind}: one file has one document of a kind`);
      continue;
    }
    seen.add(kind);
    reader.readMap(document.contents as YAMLMap<Node, Node | null>, kind);
  }
  return { fields, errors };
}

class DocumentReader {
  document!: Parameters<Node["toJS"]>[0];

  constructor(
    readonly lines: LineCounter,
    readonly file: string,
    readonly fields: FileField[],
    readonly errors: string[],
  ) {}

  at(offset: number): string {
    const { line, col } = this.lines.linePos(offset);
    return `${this.file}:${line}:${col}`;
  }

  kindOf(contents: Node): Exclude<DocumentKind, "flag"> | undefined {
    const place = this.at(contents.range![0]);
    if (isScalar(contents) && contents.value === null) return undefined;
    if (!isMap(contents)) {
      this.errors.push(`${place}: must be a map with apiVersion and kind`);
      return undefined;
    }
    const apiVersion = contents.get("apiVersion");
    const kind = contents.get("kind");
    if (typeof apiVersion !== "string" || typeof kind !== "string") {
      const missing = typeof kind !== "string" ? "kind" : "apiVersion";
      this.errors.push(`${place}: ${missing}: Required value`);
      return undefined;
    }
    const known = documentKinds[`${apiVersion}/${kind}`];
    if (!known) {
      const other = Object.keys(documentKinds).find((each) => each.endsWith(`/${kind}`));
      const hint = other ? `; ${kind} is known as ${other.slice(0, -kind.length - 1)}` : "";
      this.errors.push(
        `${place}: no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)}${hint}`,
      );
    }
    return known;
  }

  readMap(map: YAMLMap<Node, Node | null>, kind: DocumentKind, prefix = "", known = fieldsByPath(kind)): void {
    const seen = new Set<string>();
    for (const pair of map.items as Pair<Node, Node | null>[]) {
      const key = isScalar(pair.key) ? String(pair.key.value) : "";
      const keyPlace = this.at((pair.key ?? map).range![0]);
      if (seen.has(key)) {
        this.errors.push(`${keyPlace}: key ${JSON.stringify(prefix + key)} already set in map`);
        continue;
      }
      seen.add(key);
      if (prefix === "" && (key === "apiVersion" || key === "kind")) continue;
      const path = prefix + key;
      const written = pair.value;
      const node = isAlias(written) ? written.resolve(this.document as never) as Node | undefined : written;
      const place = written?.range ? this.at(written.range[0]) : keyPlace;
      const field = known.get(path);
      if (field) {
        this.fields.push({ field, value: this.#plain(node, place), place });
      } else if ([...known.keys()].some((each) => each.startsWith(`${path}.`))) {
        if (isMap(node)) this.readMap(node as YAMLMap<Node, Node | null>, kind, `${path}.`, known);
        else if (!isNull(node)) this.errors.push(`${place}: ${path}: Invalid value: must be a map`);
      } else {
        this.errors.push(`${keyPlace}: unknown field ${JSON.stringify(path)} in ${kind}${this.#meant(path, known)}`);
      }
    }
  }

  /** A node's plain value; what is wrong inside it (duplicate keys, too many aliases) is noted. */
  #plain(node: Node | null | undefined, place: string): unknown {
    if (!node) return null;
    visit(node, {
      Map: (_key, map) => {
        const seen = new Set<string>();
        for (const { key } of map.items) {
          const name = String(key);
          if (seen.has(name)) this.errors.push(`${place}: key ${JSON.stringify(name)} already set in map`);
          seen.add(name);
        }
      },
    });
    try {
      return node.toJS(this.document);
    } catch (err) {
      this.errors.push(`${place}: ${(err as Error).message}`);
      return null;
    }
  }

  /** The sibling that was probably meant. */
  #meant(path: string, known: ReadonlyMap<string, Field>): string {
    const prefix = path.slice(0, path.lastIndexOf(".") + 1);
    const siblings = [...known.keys()].filter((each) => each.startsWith(prefix));
    const near = nearest(
      path.slice(prefix.length),
      new Set(siblings.map((each) => each.slice(prefix.length).split(".")[0])),
    );
    return near ? ` (did you mean ${JSON.stringify(prefix + near)}?)` : "";
  }
}

/** What the parser says, without pages of what it found. */
function brief(message: string): string {
  return message.length > 200 ? `${message.slice(0, 200)}…` : message;
}

function isNull(node: Node | null | undefined): boolean {
  return !node || (node as { value?: unknown }).value === null;
}
