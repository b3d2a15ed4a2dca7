/**
 * Checks that imports only go down. Rooms are folders; what a room may import is the table below. Prints one line for each import
 * that goes up or sideways where it may not, each circle of rooms, and each package that is loaded when it is wanted by anything
 * but a module of ours, and fails if there is any.
 *
 *     main.ts ─► agent/cli ─► agent/agent.ts ─► node api ─► pods observed ─► runtime volumes … ─► … ─► cri net cgroups
 */
import { join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** Rooms of the agent by height; a room may import its own height and below. */
const agentHeights: readonly (readonly string[])[] = [
  ["objects", "telemetry", "linux"],
  ["store"],
  ["resources", "observed/types.ts"],
  ["systemd"],
  ["config", "pki", "runtime", "volumes", "probes", "images", "sources", "logs"],
  // what is used of the node: eviction, the API and controllers look at it
  ["pods", "observed", "stats"],
  ["node", "network", "api", "why", "controllers", "controlplane"],
  ["wiring", "install"],
  ["agent.ts"],
  ["cli"],
];

/** What each part outside the agent may import, besides itself. */
const libraries: Readonly<Record<string, readonly string[]>> = {
  cri: [],
  net: [],
  cgroups: [],
  systemd: [],
};

/** One import: of file by file, both relative to the root. */
export interface Import {
  from: string;
  to: string;
}

/** Which room a file belongs to: `cri`, `agent/pods`, `agent/clock.ts`, `main.ts`. */
export function roomOf(file: string): string {
  const [top, second, third] = file.split("/");
  if (second === undefined) return top;
  if (top !== "agent") return top;
  const exact = [second, third].filter((part) => part !== undefined).join("/");
  return agentHeights.flat().includes(exact) ? `agent/${exact}` : `agent/${second}`;
}

/** What is wrong with an import, if anything. Unit tests may use what they like of the agent, and test support. */
export function problemOf({ from, to }: Import): string | undefined {
  const here = roomOf(from), there = roomOf(to);
  if (here === there) return undefined;
  const isTest = /_test\.ts$|(?:^|\/)testing\.ts$/.test(from);
  const [top] = from.split("/"), [target] = to.split("/");
  if (top in libraries) {
    if (isTest && target === "tests") return undefined;
    return libraries[top].includes(target) ? undefined : `${top}/ may import nothing of ${target}`;
  }
  if (top === "agent") {
    if (target in libraries) return undefined;
    if (target !== "agent") return isTest && target === "tests" ? undefined : `agent/ may not import ${to}`;
    if (isTest) return undefined;
    const [mine, theirs] = [heightOf(here), heightOf(there)];
    if (mine === undefined) return `${here} has no place in the order of rooms (tests/support/layers.ts)`;
    if (theirs === undefined) return `${there} has no place in the order of rooms (tests/support/layers.ts)`;
    return theirs > mine ? `${there} is above ${here}` : undefined;
  }
  if (top === "main.ts") {
    return target === "agent" ? undefined : `main.ts may import agent/ only`;
  }
  return undefined; // tests and examples see everything
}

function heightOf(room: string): number | undefined {
  const name = room.replace(/^agent\//, "");
  if (!name.includes("/") && name.endsWith(".ts") && name !== "agent.ts") return 0; // clock.ts and its like
  const height = agentHeights.findIndex((rooms) => rooms.includes(name));
  return height < 0 ? undefined : height;
}

/** Circles among the agent's rooms, each as the list of imports that close it. Tests do not count. */
export function circles(imports: readonly Import[]): Import[][] {
  const graph = new Map<string, Map<string, Import>>();
  for (const edge of imports) {
    if (/_test\.ts$|(?:^|\/)testing\.ts$/.test(edge.from)) continue;
    const from = roomOf(edge.from), to = roomOf(edge.to);
    if (from === to) continue;
    if (!graph.has(from)) graph.set(from, new Map());
    if (!graph.get(from)!.has(to)) graph.get(from)!.set(to, edge);
  }
  const found: Import[][] = [];
  const done = new Set<string>();
  const visit = (room: string, path: { room: string; edge?: Import }[]) => {
    const start = path.findIndex((step) => step.room === room);
    if (start >= 0) {
      found.push(path.slice(start).map((step) => step.edge!));
      return;
    }
    if (done.has(room)) return;
    for (const [to, edge] of graph.get(room) ?? []) visit(to, [...path, { room, edge }]);
    done.add(room);
  };
  for (const room of graph.keys()) visit(room, []);
  return found;
}

/** The relative imports of a module, types and dynamic ones included. */
export function importsOf(source: string): string[] {
  const code = source.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
  const pattern =
    /(?:^|[\s;])(?:import|export)\b[^;"'`]*?\bfrom\s*["']([^"']+)["']|(?:^|[\s;])import\s*["']([^"']+)["']|\bimport\(\s*["']([^"']+)["']/g;
  return [...code.matchAll(pattern)].map((match) => match[1] ?? match[2] ?? match[3]).filter((name) =>
    /^\.{1,2}\//.test(name)
  );
}

/**
 * Packages that a module loads when it wants them. A bundle has no names of a CommonJS package but for those that are imported
 * statically: a module of ours imports them, and is loaded in their place.
 */
export function lazyPackages(source: string): string[] {
  return [...source.matchAll(/\bawait import\(\s*["']([^"']+)["']/g)].map(([, name]) => name)
    .filter((name) => !/^(?:\.{1,2}\/|node:)/.test(name));
}

/** All imports between the TypeScript files below `root`. */
export async function readImports(root: string): Promise<Import[]> {
  const imports: Import[] = [];
  for await (const file of typescriptFiles(root)) {
    const from = relative(root, file);
    for (const name of importsOf(await Deno.readTextFile(file))) {
      imports.push({ from, to: relative(root, resolve(file, "..", name)) });
    }
  }
  return imports;
}

async function* typescriptFiles(dir: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(dir)) {
    if (name.startsWith(".") || name === "dist" || name === "node_modules") continue;
    if (isDirectory) yield* typescriptFiles(`${dir}/${name}`);
    else if (name.endsWith(".ts")) yield `${dir}/${name}`;
  }
}

if (import.meta.main) {
  const root = resolve(fileURLToPath(new URL("../..", import.meta.url)));
  const imports = await readImports(root);
  const problems = imports.flatMap((edge) => {
    const problem = problemOf(edge);
    return problem ? [`${edge.from} imports ${edge.to}: ${problem}`] : [];
  });
  for (const circle of circles(imports)) {
    const rooms = [...circle.map(({ from }) => roomOf(from)), roomOf(circle[0].from)].join(" → ");
    problems.push(`circle of rooms ${rooms}: ${circle.map(({ from, to }) => `${from} imports ${to}`).join("; ")}`);
  }
  for await (const file of typescriptFiles(join(root, "agent"))) {
    for (const name of file.endsWith("_test.ts") ? [] : lazyPackages(await Deno.readTextFile(file))) {
      problems.push(`${relative(root, file)} loads ${name}: load a module of ours that imports it`);
    }
  }
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) Deno.exit(1);
}
