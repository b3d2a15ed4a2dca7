/** What the tests of sources share: small objects, a parser for JSON texts, and waiting for a condition. */
import type { StoreObject } from "../store/mod.ts";
import type { Parser } from "./parse.ts";

export type Spec = Record<string, unknown>;

/** A pod of one container. */
export function pod(name: string, spec: Spec = {}, metadata: Record<string, unknown> = {}): StoreObject {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "default", ...metadata },
    spec: { terminationGracePeriodSeconds: 7, containers: [{ name: "main", image: "web:1" }], ...spec },
  };
}

export function configMap(name: string, data: Record<string, string> = { key: "value" }): StoreObject {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace: "default" }, data } as StoreObject;
}

/** A manifest's text. */
export function manifest(...objects: StoreObject[]): string {
  return objects.map((object) => JSON.stringify(object)).join("\n") + "\n";
}

/** Parses what `manifest()` wrote; anything else is an error with its line. A line `# warn` is a warning. */
export const parseLines: Parser = (text, file) => {
  const result: Awaited<ReturnType<Parser>> = { objects: [], errors: [], warnings: [] };
  for (const [i, line] of text.split("\n").entries()) {
    if (line === "# warn") result.warnings.push({ file, line: i + 1, message: "a warning", severity: "warning" });
    if (line === "" || line.startsWith("#")) continue;
    try {
      result.objects.push(JSON.parse(line));
    } catch {
      result.errors.push({ file, line: i + 1, column: 1, message: "no JSON", severity: "error" });
    }
  }
  return Promise.resolve(result);
};

/** Waits until `condition` holds; the test's own limit ends it otherwise. */
export async function until<T>(condition: () => T | undefined | false | Promise<T | undefined | false>): Promise<T> {
  for (const start = Date.now();;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() - start > 20_000) throw new Error(`Cannot go on: still waiting for ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
