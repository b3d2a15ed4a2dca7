/** Manifests that verbs get with `-f`: files, directories, standard input. */
import { join } from "node:path";
import { readYaml, yamlLimits } from "../objects/manifest/yaml.ts";
import type { Flag } from "./arguments.ts";

export const fileFlags: readonly Flag[] = [
  { name: "filename", short: "f", value: "FILE", help: "a manifest, a directory of them, or - for standard input" },
  { name: "recursive", short: "R", help: "directories within directories, too" },
];

export interface ManifestText {
  /** What it is called in messages. */
  file: string;
  text: string;
}

/** What standard input is called in messages. */
export const standardInput = "standard input";

const extensions = /\.(ya?ml|json)$/;

/** Reads what `-f` names. Throws where there is nothing to read. */
export async function readManifests(path: string, recursive: boolean): Promise<ManifestText[]> {
  if (path === "-") return [{ file: standardInput, text: await new Response(Deno.stdin.readable).text() }];
  const files = isDirectory(path) ? [...filesBelow(path, recursive)].sort() : [path];
  if (files.length === 0) throw new Error(`Cannot read ${path}: no .yaml, .yml or .json files are in it`);
  return files.map((file) => ({ file, text: readText(file) }));
}

function isDirectory(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) throw new Error(`Cannot read ${path}: there is no such file`);
    throw cause;
  }
}

function* filesBelow(dir: string, recursive: boolean): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(dir)) {
    const path = join(dir, name);
    if (isDirectory && recursive) yield* filesBelow(path, recursive);
    else if (!isDirectory && extensions.test(name)) yield path;
  }
}

function readText(file: string): string {
  const { size } = Deno.statSync(file);
  if (size > yamlLimits.bytes) throw new Error(`Cannot read ${file}: ${size} bytes, at most ${yamlLimits.bytes}`);
  return Deno.readTextFileSync(file);
}

export interface NamedObject {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string };
}

/** What objects a manifest names, Lists taken apart. Throws with the place where it cannot be read. */
export function objectsNamed({ file, text }: ManifestText): NamedObject[] {
  const found: NamedObject[] = [];
  for (const { value, problems } of readYaml(text)) {
    const [problem] = problems;
    if (problem) throw new Error(`${file}:${problem.line}:${problem.column}: ${problem.message}`);
    if (value === undefined || value === null) continue;
    const list = value as { kind?: string; items?: unknown[] };
    for (const object of list.kind?.endsWith("List") && Array.isArray(list.items) ? list.items : [value]) {
      const { apiVersion, kind, metadata } = object as Partial<NamedObject>;
      if (!apiVersion || !kind || !metadata?.name) {
        throw new Error(`${file}: an object has no apiVersion, kind or metadata.name`);
      }
      found.push({ apiVersion, kind, metadata });
    }
  }
  return found;
}
