/** Asking the API in tests. */
import { type TestNode, testNode } from "../testing.ts";
import type { AppDeps } from "../deps.ts";

export interface Answer {
  code: number;
  // deno-lint-ignore no-explicit-any
  body: any;
  warnings: string[];
  headers: Headers;
}

export interface Ask {
  /** Sent as JSON, or as it is when a text or bytes. */
  body?: unknown;
  type?: string;
  accept?: string;
  agent?: string;
}

export interface Client extends TestNode {
  ask(method: string, path: string, options?: Ask): Promise<Answer>;
  get(path: string, accept?: string): Promise<Answer>;
  create(path: string, body: unknown): Promise<Answer>;
  put(path: string, body: unknown): Promise<Answer>;
  patch(kind: keyof typeof patchTypes, path: string, body: unknown): Promise<Answer>;
  remove(path: string, body?: unknown): Promise<Answer>;
}

const patchTypes = {
  json: "application/json-patch+json",
  merge: "application/merge-patch+json",
  strategic: "application/strategic-merge-patch+json",
  apply: "application/apply-patch+yaml",
};

export const configMaps = "/api/v1/namespaces/default/configmaps";

export function configMap(name: string, more: Record<string, unknown> = {}) {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name }, data: { a: "1" }, ...more };
}

/** A node without pods, and requests to it. */
export function client(deps: Partial<AppDeps> = {}): Client {
  const node = testNode(deps);
  const ask = async (method: string, path: string, { body, type = "application/json", accept, agent }: Ask = {}) => {
    const headers = new Headers();
    if (body !== undefined) headers.set("content-type", type);
    if (accept) headers.set("accept", accept);
    if (agent) headers.set("user-agent", agent);
    const plain = typeof body === "string" || body instanceof Uint8Array;
    const response = await node.app.request(path, {
      method,
      headers,
      ...(body === undefined ? {} : { body: plain ? body as string : JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      code: response.status,
      body: /json/.test(response.headers.get("content-type") ?? "") ? JSON.parse(text) : text,
      warnings: [...(response.headers.get("warning") ?? "").matchAll(/299 - "((?:[^"\\]|\\.)*)"/g)]
        .map(([, text]) => text.replace(/\\(.)/g, "$1")),
      headers: response.headers,
    };
  };
  return Object.assign(node, {
    ask,
    get: (path: string, accept?: string) => ask("GET", path, { accept }),
    create: (path: string, body: unknown) => ask("POST", path, { body }),
    put: (path: string, body: unknown) => ask("PUT", path, { body }),
    patch: (kind: keyof typeof patchTypes, path: string, body: unknown) =>
      ask("PATCH", path, { body, type: patchTypes[kind] }),
    remove: (path: string, body?: unknown) => ask("DELETE", path, { body }),
  });
}

/** Reads the events of a watch one by one. */
export function watchReader(response: Response) {
  const decoder = new TextDecoder();
  const chunks = response.body!.getReader();
  let text = "";
  // deno-lint-ignore no-explicit-any
  const event = async (): Promise<{ type: string; object: any } | undefined> => {
    while (!text.includes("\n")) {
      const { done, value } = await chunks.read();
      if (done) return undefined;
      text += decoder.decode(value, { stream: true });
    }
    const end = text.indexOf("\n");
    const line = text.slice(0, end);
    text = text.slice(end + 1);
    return JSON.parse(line);
  };
  return {
    event,
    /** `ADDED web`; undefined at the end. */
    async next(): Promise<string | undefined> {
      const found = await event();
      return found && `${found.type} ${found.object.metadata.name ?? ""}`.trim();
    },
    cancel: () => chunks.cancel(),
  };
}
