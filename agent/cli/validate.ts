/**
 * `islet validate FILE…`: says everything that is wrong with manifests, without a node. Unlike the node itself it holds
 * unknown fields to be errors. A directory stands for the manifests in it, `-` for standard input.
 */
import {
  type FieldProblem,
  type KubeObject,
  largeManifest,
  type ParsedManifest,
  parseManifest,
  parseManifestIsolated,
  problemText,
} from "../objects/mod.ts";
import { errorText } from "../telemetry/log.ts";
import { UsageError } from "./usage.ts";

export interface Validation {
  /** 0: all files are valid; 1: some are not. */
  exitCode: 0 | 1;
  /** Lines for people, one a problem, without a last newline. */
  output: string;
}

const limit = 1024 * 1024;

export async function validate(args: string[]): Promise<number> {
  if (args.includes("--help") || args.includes("-h")) {
    console.log("Usage: islet validate FILE|DIRECTORY|-…\n\nSays everything that is wrong with manifests.");
    return 0;
  }
  const flag = args.find((arg) => arg.startsWith("-") && arg !== "-");
  if (flag) throw new UsageError(`unknown flag ${flag}`);
  if (!args.length) throw new UsageError("which files? Usage: islet validate FILE…");
  const { exitCode, output } = await validateFiles(args);
  console.log(output);
  return exitCode;
}

/** Validates manifests, each by itself and for names that two of them use. */
export async function validateFiles(paths: string[]): Promise<Validation> {
  const lines: string[] = [];
  let valid = true;
  /** Object → the file that defines it. */
  const owners = new Map<string, string>();
  const fail = (line: string) => {
    valid = false;
    lines.push(line);
  };
  for (const path of paths) {
    let files: string[];
    try {
      files = await manifestsOf(path);
    } catch (err) {
      fail(
        err instanceof Deno.errors.NotFound
          ? `${path}: there is no such file`
          : `${path}: Cannot read: ${errorText(err)}`,
      );
      continue;
    }
    if (!files.length) lines.push(`${path}: no manifests`);
    for (const file of files) {
      const { objects, errors, warnings } = await readManifest(file);
      for (const problem of [...errors, ...warnings].sort(byPlace)) {
        const text = problemText(problem);
        if (problem.severity === "error") fail(text);
        else lines.push(text.replace(/^(.*?:\d+:\d+): /, "$1: warning: "));
      }
      for (const object of objects) {
        const name = objectName(object);
        const owner = owners.get(name);
        if (owner !== undefined && owner !== file) fail(`${file}: ${name} is already defined in ${owner}`);
        else owners.set(name, file);
      }
      if (errors.length) continue;
      lines.push(`${file}: valid: ${objects.length ? objects.map(objectName).join(", ") : "no objects"}`);
    }
  }
  return { exitCode: valid ? 0 : 1, output: lines.join("\n") };
}

function byPlace(a: FieldProblem, b: FieldProblem): number {
  return a.line - b.line || a.column - b.column;
}

function objectName({ kind, metadata: { namespace, name } }: KubeObject): string {
  return `${kind} ${namespace ? namespace + "/" : ""}${name}`;
}

/** A file itself; of a directory what the node would read. */
async function manifestsOf(path: string): Promise<string[]> {
  if (path === "-" || !(await Deno.stat(path)).isDirectory) return [path];
  const names: string[] = [];
  for await (const entry of Deno.readDir(path)) {
    if (!entry.isDirectory && /^[^.].*\.(ya?ml|json)$/.test(entry.name)) names.push(entry.name);
  }
  return names.sort().map((name) => `${path.replace(/\/$/, "")}/${name}`);
}

async function readManifest(file: string): Promise<ParsedManifest> {
  const refused = (message: string): ParsedManifest => ({
    objects: [],
    hashes: [],
    warnings: [],
    errors: [{ file, severity: "error", line: 1, column: 1, message }],
  });
  try {
    if (file !== "-") {
      const { isFile, size } = await Deno.stat(file);
      if (!isFile) return refused("Cannot read: not a regular file");
      if (size > limit) return refused(`file is larger than ${limit} bytes`);
    }
    const bytes = file === "-" ? await new Response(Deno.stdin.readable).bytes() : await Deno.readFile(file);
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    const parse = text.length > largeManifest ? parseManifestIsolated : parseManifest;
    return await parse(text, { file, strict: true });
  } catch (err) {
    return refused(err instanceof TypeError ? "Cannot read: not UTF-8 text" : `Cannot read: ${errorText(err)}`);
  }
}
