/**
 * `POST /islet/v1/apply`: a whole manifest at once, by server-side apply of each object in it, for people who have curl or
 * the page and no kubectl. Query: `namespace` (for objects that name none), `fieldManager`, `force`, `dryRun=All`.
 * Answers `{ results: [{ resource, kind, namespace, name, operation | message, code }] }`: 200 when all were applied, 207
 * when some were, else the first failure's code.
 */
import type { Context } from "hono";
import { kindHint } from "../objects/mod.ts";
import { readYaml, yamlLimits } from "../objects/manifest/yaml.ts";
import { bodyTooLarge } from "./kube/errors.ts";
import type { Registry } from "./kube/registry.ts";
import type { Resource } from "./kube/types.ts";
import type { AppEnv } from "./request.ts";
import { badRequest, type Status } from "./status.ts";

export interface ApplyResult {
  /** `pods`; "" where the kind is not known. */
  resource: string;
  kind: string;
  namespace?: string;
  name: string;
  operation?: "created" | "configured" | "unchanged";
  warnings?: string[];
  /** Why it could not be applied, and the HTTP status of that. */
  message?: string;
  code: number;
}

interface Part {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string };
}

export function applyManifest(
  registry: Registry,
  ask: (request: Request, env: AppEnv["Bindings"]) => Response | Promise<Response>,
): (c: Context<AppEnv>) => Promise<Response> {
  return async (c) => {
    const results: ApplyResult[] = [];
    for (const part of partsOf(await c.req.text())) {
      if (c.req.raw.signal.aborted) break; // nobody waits for the rest
      results.push(await applyOne(c, registry, ask, part));
    }
    if (results.length === 0) throw badRequest("there is no object in the manifest");
    const failures = results.filter(({ message }) => message !== undefined);
    const code = failures.length === 0 ? 200 : failures.length < results.length ? 207 : failures[0].code;
    const message = failures.map(({ kind, name, message }) => `${kind} ${name}: ${message}`).join("\n");
    return c.json({ results, ...(message === "" ? {} : { message }) }, code as 200);
  };
}

async function applyOne(
  c: Context<AppEnv>,
  registry: Registry,
  ask: (request: Request, env: AppEnv["Bindings"]) => Response | Promise<Response>,
  part: Part,
): Promise<ApplyResult> {
  const { apiVersion, kind, metadata: { name } } = part;
  const [group, version] = apiVersion.includes("/") ? apiVersion.split("/") : ["", apiVersion];
  const resource = registry.version(group, version)?.resources.find((each) => each.kind === kind);
  if (!resource) {
    const hint = kindHint(kind);
    const message = `no matches for kind ${JSON.stringify(kind)} in version ${JSON.stringify(apiVersion)}${
      hint ? `: ${hint}` : ""
    }`;
    return { resource: "", kind, name, message, code: 404 };
  }
  const namespace = resource.namespaced ? part.metadata.namespace ?? c.req.query("namespace") ?? "default" : undefined;
  const result = { resource: resource.plural, kind, ...(namespace === undefined ? {} : { namespace }), name };
  const before = resource.backend.get(namespace ?? "", name)?.metadata.resourceVersion;
  const url = new URL(pathOf(resource, namespace, name), c.req.url);
  url.searchParams.set("fieldManager", c.req.query("fieldManager") || "islet");
  for (const option of ["force", "dryRun"]) {
    const value = c.req.query(option);
    if (value) url.searchParams.set(option, value);
  }
  const headers = new Headers({ "content-type": "application/apply-patch+yaml", accept: "application/json" });
  for (const [passed, value] of c.req.raw.headers) {
    if (/^(authorization|user-agent|impersonate-.*)$/.test(passed)) headers.set(passed, value);
  }
  const answer = await ask(new Request(url, { method: "PATCH", headers, body: JSON.stringify(part) }), c.env);
  const body = await answer.json() as Part & { metadata: { resourceVersion?: string } } & Partial<Status>;
  if (!answer.ok) return { ...result, message: body.message ?? answer.statusText, code: answer.status };
  const operation = before === undefined
    ? "created"
    : before === body.metadata.resourceVersion
    ? "unchanged"
    : "configured";
  const warnings = warningsOf(answer.headers.get("warning"));
  return { ...result, operation, code: answer.status, ...(warnings.length > 0 ? { warnings } : {}) };
}

/** The objects of a text, Lists taken apart. Throws a 400 with the place where it cannot be read. */
function partsOf(text: string): Part[] {
  const parts: Part[] = [];
  if (text.length > yamlLimits.bytes) throw bodyTooLarge(yamlLimits.bytes);
  for (const { value, start, problems } of readYaml(text)) {
    const [problem] = problems;
    if (problem) throw badRequest(`line ${problem.line}, column ${problem.column}: ${problem.message}`);
    if (value === undefined || value === null) continue;
    const list = value as { kind?: unknown; items?: unknown };
    const isList = typeof list.kind === "string" && list.kind.endsWith("List") && Array.isArray(list.items);
    for (const each of isList ? list.items as unknown[] : [value]) {
      const { apiVersion, kind, metadata } = (each ?? {}) as Partial<Part>;
      if (typeof apiVersion !== "string" || typeof kind !== "string" || typeof metadata?.name !== "string") {
        throw badRequest(`line ${start.line}: an object needs apiVersion, kind and metadata.name`);
      }
      parts.push(each as Part);
    }
  }
  return parts;
}

function pathOf({ group, version, plural }: Resource, namespace: string | undefined, name: string): string {
  const base = group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
  // half a surrogate pair is nobody's name
  const part = (text: string) => encodeURIComponent(String(text).toWellFormed());
  return `${base}${namespace === undefined ? "" : `/namespaces/${part(namespace)}`}/${plural}/${part(name)}`;
}

/** The texts of `Warning:` headers: `299 - "text"`. */
function warningsOf(header: string | null): string[] {
  return [...(header ?? "").matchAll(/\b299 \S+ "((?:[^"\\]|\\.)*)"/g)].map(([, text]) => text.replace(/\\(.)/g, "$1"));
}
