/**
 * YAML text to plain values and back to places in the text.
 *
 * The parser's own conversion is not used: with unique keys it is quadratic, with keys that are collections it is
 * exponential. Tokens are counted before they reach the parser (nesting), values while they are made (aliases), so that
 * a bomb costs no more than its size.
 */
import {
  type Alias,
  Composer,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type Node,
  type Pair,
  Parser,
} from "yaml";
import type { PathStep } from "../field_path.ts";
import { plainScalar, taggedScalar } from "./scalars.ts";

/** What a manifest may at most be: far beyond real ones. */
export const yamlLimits = { bytes: 1024 * 1024, depth: 100, aliasValues: 20_000 };

export interface Place {
  line: number;
  column: number;
}

export interface TextProblem extends Place {
  message: string;
}

export interface YamlDocument {
  /** undefined: nothing but comments. */
  value: unknown;
  /** Where the document begins. */
  start: Place;
  problems: TextProblem[];
  /**
   * The place of a field: of its value, where that is on the line, else of its key. For a field that is not there the
   * place of what it is missing from. `key`: always of its key.
   */
  locate(steps: readonly PathStep[], options?: { key?: boolean }): Place;
}

/** Too much of something. */
class LimitError extends Error {
  constructor(readonly offset: number, message: string) {
    super(message);
  }
}

/** Reads all documents of a text. Never throws for what the text says. */
export function readYaml(text: string): YamlDocument[] {
  const lines = new LineCounter();
  lines.addNewLine(0);
  const place = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const failed = (offset: number, message: string): YamlDocument => ({
    value: undefined,
    start: place(offset),
    problems: [{ ...place(offset), message }],
    locate: () => place(offset),
  });
  const documents: YamlDocument[] = [];
  // No value takes less than two characters: what is more than that comes from aliases.
  const budget = { left: Math.ceil(text.length / 2) + yamlLimits.aliasValues };
  try {
    const composer = new Composer({ schema: "failsafe", uniqueKeys: false, logLevel: "silent" });
    for (const document of composer.compose(tokens(text, lines), true, text.length)) {
      documents.push(new Reader(document, place, budget).read());
    }
  } catch (err) {
    // Of a bomb nothing is worth looking at.
    if (err instanceof LimitError) return [failed(err.offset, err.message)];
    if (err instanceof RangeError) return [failed(0, "YAML is nested too deeply")];
    throw err;
  }
  return documents;
}

/** The parser's tokens, as long as nothing is nested too deeply. */
function* tokens(text: string, lines: LineCounter) {
  const parser = new Parser(lines.addNewLine);
  let flow = 0;
  let indicators = 0;
  let scalar = false;
  for (const lexeme of new Lexer().lex(text)) {
    if (scalar) scalar = false;
    else if (lexeme === "\x1f") scalar = true;
    else if (lexeme === "[" || lexeme === "{") flow++;
    else if (lexeme === "]" || lexeme === "}") flow = Math.max(0, flow - 1);
    else if (lexeme.endsWith("\n")) indicators = 0;
    else if (flow === 0 && (lexeme === "-" || lexeme === "?" || lexeme === ":")) indicators++;
    if (flow > yamlLimits.depth || indicators > yamlLimits.depth) {
      throw new LimitError(parser.offset, `YAML is nested more than ${yamlLimits.depth} levels deep`);
    }
    yield* parser.next(lexeme);
  }
  yield* parser.end();
}

class Reader {
  #anchors = new Map<string, Node>();
  #targets = new Map<Alias, Node>();
  #active = new Set<Node>();
  /** Pairs by key, of mappings in which something was looked for. */
  #pairs = new WeakMap<Node, Map<string, Pair<Node, Node | null>>>();
  #problems: TextProblem[] = [];

  constructor(
    private readonly document: Document,
    private readonly place: (offset: number) => Place,
    private readonly budget: { left: number },
  ) {}

  read(): YamlDocument {
    const { document } = this;
    for (const error of document.errors) {
      this.#problem(error.pos[0], `YAML: ${parserWords(error.message)}`);
    }
    const contents = document.contents as Node | null;
    const empty = !contents || (isScalar(contents) && contents.source === "" && !contents.tag);
    const start = this.place(contents?.range?.[0] ?? document.range?.[0] ?? 0);
    let value: unknown;
    // What a broken document seems to say is not worth errors of its own.
    if (!empty && !document.errors.length) value = this.#value(contents, 0);
    return { value, start, problems: this.#problems, locate: (steps, options) => this.#locate(steps, options?.key) };
  }

  #problem(offset: number, message: string): void {
    this.#problems.push({ ...this.place(offset), message });
  }

  #value(node: Node | null, depth: number): unknown {
    if (!node) return null;
    const offset = node.range?.[0] ?? 0;
    if (--this.budget.left < 0) {
      throw new LimitError(offset, `YAML aliases expand to more than ${yamlLimits.aliasValues} values`);
    }
    if (depth > yamlLimits.depth) {
      throw new LimitError(offset, `YAML is nested more than ${yamlLimits.depth} levels deep`);
    }
    if (isAlias(node)) return this.#alias(node, depth);
    if (node.anchor) this.#anchors.set(node.anchor, node);
    if (isScalar(node)) return this.#scalar(node, offset);
    this.#active.add(node);
    let value: unknown = null;
    if (isSeq(node)) value = (node.items as Node[]).map((item) => this.#value(item, depth + 1));
    else if (isMap(node)) value = this.#map(node.items as Pair<Node, Node | null>[], depth + 1);
    this.#active.delete(node);
    return value;
  }

  #alias(node: Alias, depth: number): unknown {
    const offset = node.range?.[0] ?? 0;
    const target = this.#anchors.get(node.source);
    if (!target) {
      this.#problem(offset, `YAML: alias *${node.source} has no anchor before it`);
      return null;
    }
    if (this.#active.has(target)) {
      this.#problem(offset, `YAML: alias *${node.source} refers to a value that it is part of`);
      return null;
    }
    this.#targets.set(node, target);
    return this.#value(target, depth);
  }

  #scalar(node: Node & { source?: string; value: unknown; type?: string }, offset: number): unknown {
    const source = String(node.value ?? node.source ?? "");
    if (node.tag) {
      const value = taggedScalar(node.tag, source);
      if (value === undefined) this.#problem(offset, `YAML: tag ${node.tag} is not supported`);
      return value ?? null;
    }
    return node.type === "PLAIN" ? plainScalar(node.source ?? source) : source;
  }

  #map(pairs: Pair<Node, Node | null>[], depth: number): Record<string, unknown> {
    const map: Record<string, unknown> = {};
    const lines = new Map<string, number>();
    let merged: Record<string, unknown>[] = [];
    for (const { key, value } of pairs) {
      const offset = key?.range?.[0] ?? value?.range?.[0] ?? 0;
      const name = this.#key(key);
      if (name === undefined) {
        this.#problem(offset, "YAML: keys must be strings");
        continue;
      }
      const first = lines.get(name);
      if (first !== undefined) {
        this.#problem(offset, `YAML: key ${JSON.stringify(name)} is already set in this mapping, at line ${first}`);
        continue;
      }
      lines.set(name, this.place(offset).line);
      if (isMerge(key)) {
        merged = this.#merge(value, depth);
        continue;
      }
      if (name === "__proto__") {
        this.#problem(offset, `YAML: key "__proto__" is not supported`);
        continue;
      }
      map[name] = this.#value(value, depth);
    }
    for (const source of merged) {
      for (const [name, value] of Object.entries(source)) if (!Object.hasOwn(map, name)) map[name] = value;
    }
    return map;
  }

  #key(key: Node | null): string | undefined {
    if (isAlias(key)) return this.#key(this.#anchors.get(key.source) ?? null);
    if (!isScalar(key)) return undefined;
    if (key.anchor) this.#anchors.set(key.anchor, key);
    const name = String(key.value ?? key.source ?? "");
    return key.type === "PLAIN" && name === "" ? undefined : name;
  }

  /** The mappings that `<<` brings in, nearest first. */
  #merge(node: Node | null, depth: number): Record<string, unknown>[] {
    const value = this.#value(node, depth);
    const list = Array.isArray(value) ? value : [value];
    if (list.every((item) => typeof item === "object" && item !== null && !Array.isArray(item))) return list;
    this.#problem(node?.range?.[0] ?? 0, "YAML: << takes a mapping or a list of mappings");
    return [];
  }

  /** What a node stands for. */
  #resolve(node: Node | null | undefined): Node | null | undefined {
    return isAlias(node) ? this.#targets.get(node) : node;
  }

  #pair(node: Node, name: string): Pair<Node, Node | null> | undefined {
    if (!isMap(node)) return undefined;
    const pairs = node.items as Pair<Node, Node | null>[];
    let index = this.#pairs.get(node);
    if (!index) {
      index = new Map();
      for (const pair of pairs) {
        const key = isMerge(pair.key) ? undefined : this.#key(pair.key);
        if (key !== undefined && !index.has(key)) index.set(key, pair);
      }
      this.#pairs.set(node, index);
    }
    const own = index.get(name);
    if (own) return own;
    for (const { key, value } of pairs) {
      if (!isMerge(key)) continue;
      const source = this.#resolve(value);
      for (const part of isSeq(source) ? source.items as Node[] : [source]) {
        const target = this.#resolve(part);
        const found = target ? this.#pair(target, name) : undefined;
        if (found) return found;
      }
    }
    return undefined;
  }

  #locate(steps: readonly PathStep[], wantKey = false): Place {
    let node = this.document.contents as Node | null | undefined;
    let offset = node?.range?.[0] ?? 0;
    for (const [index, step] of steps.entries()) {
      const parent = this.#resolve(node);
      if (!parent) break;
      if (isSeq(parent) && typeof step === "number") {
        node = parent.items[step] as Node | undefined;
        if (!node) break;
        offset = node.range?.[0] ?? offset;
        continue;
      }
      const pair = this.#pair(parent, String(step));
      if (!pair) break;
      node = pair.value;
      const keyOffset = pair.key.range?.[0] ?? offset;
      const last = index === steps.length - 1;
      const block = (isMap(node) || isSeq(node)) && !node.flow;
      if (!node || (last && (wantKey || block))) offset = keyOffset;
      else offset = node.range?.[0] ?? keyOffset;
      if (last && isScalar(node) && node.source === "") offset = keyOffset;
    }
    return this.place(offset);
  }
}

function isMerge(key: Node | null): boolean {
  return isScalar(key) && key.type === "PLAIN" && (key.source ?? key.value) === "<<";
}

/** The parser's message without the text that it quotes, which may be a Secret's. */
function parserWords(message: string): string {
  if (/call stack/.test(message)) return "nested too deeply";
  return message.split("\n")[0].replace(/"(?:[^"\\]|\\.){4,}"/g, '"…"').replace(/ at line \d+, column \d+:?$/, "");
}
