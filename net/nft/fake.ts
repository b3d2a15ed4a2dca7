/**
 * A kernel's nftables in memory, for tests: takes the scripts that we write, all or nothing, and refuses what the kernel refuses:
 * deleting what is not there, adding a key with another value, deleting chains and maps in use.
 */
import { type TableReader } from "./contents.ts";
import { NftError, type NftRunner } from "./runner.ts";

interface FakeTable {
  /** Maps and sets: definition and elements. */
  sets: Map<string, { kind: string; definition: string; elements: Map<string, string | undefined> }>;
  chains: Map<string, string[]>;
}

export class FakeNft implements NftRunner {
  /** By `ip islet-proxy`. */
  tables = new Map<string, FakeTable>();
  /** Every script that was taken. */
  readonly taken: string[] = [];
  /** Asked before each script: a message refuses it. */
  refuse: (script: string) => string | undefined = () => undefined;

  async run(script: string): Promise<void> {
    const message = this.refuse(script);
    if (message) throw new NftError([{ message }]);
    const before = this.tables;
    this.tables = structuredClone(before);
    try {
      for (const command of commands(script)) this.#execute(command);
      this.#checkReferences();
    } catch (error) {
      this.tables = before;
      throw error;
    }
    this.taken.push(script);
  }

  async readTable(family: string, name: string, reader: TableReader): Promise<void> {
    const table = this.tables.get(`${family} ${name}`);
    for (const chain of table?.chains.keys() ?? []) reader.chain(chain);
    for (const [set, { elements }] of table?.sets ?? []) {
      if (reader.set(set)) { for (const [key, value] of elements) reader.element(set, key, value); }
    }
  }

  async readElements(family: string, table: string, set: string): Promise<Map<string, string | undefined>> {
    return new Map(this.elements(family, table, set));
  }

  close(): void {}

  /** The elements of a map or set. */
  elements(family: string, table: string, set: string): Map<string, string | undefined> {
    return this.tables.get(`${family} ${table}`)?.sets.get(set)?.elements ?? new Map();
  }

  #execute({ verb, what, family, table, name, rest }: Command): void {
    const id = `${family} ${table}`;
    if (what === "table") {
      if (verb === "delete") {
        if (!this.tables.delete(id)) throw refusal("No such file or directory", id);
      } else if (!this.tables.has(id)) this.tables.set(id, { sets: new Map(), chains: new Map() });
      return;
    }
    const { sets, chains } = this.tables.get(id) ?? fail("No such file or directory", id);
    if (what === "element") {
      const { elements } = sets.get(name) ?? fail("No such file or directory", name);
      for (const text of rest.slice(1, -1).split(",").map((each) => each.trim())) {
        const [key, value] = text.split(" : ");
        if (verb === "delete") {
          if (!elements.delete(key)) throw refusal("No such file or directory", text);
        } else if (elements.has(key) && elements.get(key) !== value) throw refusal("File exists", text);
        else elements.set(key, value);
      }
    } else if (what === "rule") {
      (chains.get(name) ?? fail("No such file or directory", name)).push(rest);
    } else if (what === "chain") {
      if (verb === "flush") (chains.get(name) ?? fail("No such file or directory", name)).length = 0;
      else if (verb === "add") chains.set(name, chains.get(name) ?? []);
      else if (!chains.delete(name)) throw refusal("No such file or directory", name);
      else if (users(sets, chains).has(name)) throw refusal("Device or resource busy", name);
    } else if (verb === "add") {
      if (!sets.has(name)) sets.set(name, { kind: what, definition: rest, elements: new Map() });
    } else {
      if (!sets.delete(name)) throw refusal("No such file or directory", name);
      if (users(sets, chains).has(`@${name}`)) throw refusal("Device or resource busy", name);
    }
  }

  #checkReferences(): void {
    for (const { sets, chains } of this.tables.values()) {
      for (const name of users(sets, chains)) {
        const found = name.startsWith("@") ? sets.has(name.slice(1)) : chains.has(name);
        if (!found) throw refusal("No such file or directory", name);
      }
    }
  }
}

interface Command {
  verb: string;
  what: string;
  family: string;
  table: string;
  name: string;
  rest: string;
}

function* commands(script: string): Iterable<Command> {
  const lines = script.split("\n");
  for (let i = 0; i < lines.length; i++) {
    let line = lines[i];
    if (line === "") continue;
    if (/ element .*\{$/.test(line)) { while (!line.endsWith("}")) line += `\n${lines[++i]}`; }
    const found = /^(add|delete|flush) (table|map|set|chain|rule|element) (\S+) (\S+)(?: (\S+)(?: ([^]*))?)?$/.exec(
      line,
    );
    if (!found) throw refusal("syntax error", line);
    const [, verb, what, family, table, name = "", rest = ""] = found;
    yield { verb, what, family, table, name, rest };
  }
}

/** Chains that somebody goes to, and `@maps` that rules name. */
function users(sets: FakeTable["sets"], chains: FakeTable["chains"]): Set<string> {
  const names = new Set<string>();
  const texts = [...chains.values()].flat();
  for (const { elements } of sets.values()) for (const value of elements.values()) if (value) texts.push(value);
  for (const text of texts) {
    for (const [, chain] of text.matchAll(/\b(?:goto|jump) (\S+)/g)) names.add(chain);
    for (const [name] of text.matchAll(/@[\w.-]+/g)) names.add(name);
  }
  return names;
}

function refusal(message: string, text: string): NftError {
  return new NftError([{ message: `Could not process rule: ${message}`, text }]);
}

function fail(message: string, text: string): never {
  throw refusal(message, text);
}
