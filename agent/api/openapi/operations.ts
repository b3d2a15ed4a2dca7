/** What can be done with a resource, as paths of an OpenAPI 3 document; version 2 is derived of it. */
import { findKind } from "../../objects/kinds.ts";
import type { Resource } from "../kube/types.ts";
import { type Definitions, gvkOf, type Schema } from "./definitions.ts";
import { apiVersionOf, capital, groupName, versionPath } from "./names.ts";
import {
  deleteParameters,
  getParameters,
  listParameters,
  nameParameter,
  namespaceParameter,
  type Parameter,
  patchParameters,
  pretty,
  subresourceParameters,
  writeParameters,
} from "./parameters.ts";

/** What of a resource its documentation goes by. */
export type DocumentedResource =
  & Pick<
    Resource,
    "group" | "version" | "kind" | "plural" | "namespaced" | "verbs" | "hasStatus"
  >
  & {
    subresources?: Readonly<
      Record<string, { kind: { group?: string; version?: string; kind: string }; verbs: readonly string[] }>
    >;
    /** Subresources that show the whole object, by name. */
    parts?: Readonly<Record<string, unknown>>;
    /** Answers POST by itself. */
    create?: unknown;
  };

export interface Operation {
  action: "get" | "list" | "post" | "put" | "patch" | "delete" | "deletecollection" | "connect";
  id: string;
  description: string;
  gvk: { group: string; version: string; kind: string };
  parameters: readonly Parameter[];
  /** Media types and schema. */
  body?: { media: readonly string[]; schema: Schema; required: boolean };
  media: readonly string[];
  /** By HTTP status. */
  responses: Readonly<Record<string, { description: string; schema?: Schema }>>;
}

export type Method = "get" | "put" | "post" | "delete" | "patch";

export interface PathItem {
  tag: string;
  parameters: Parameter[];
  operations: Partial<Record<Method, Operation>>;
}

const json = ["application/json", "application/yaml"] as const;
const watched = [...json, "application/json;stream=watch"] as const;
const patches = [
  "application/apply-patch+yaml",
  "application/json-patch+json",
  "application/merge-patch+json",
  "application/strategic-merge-patch+json",
] as const;

/** The paths of one resource. */
export class ResourcePaths {
  readonly paths = new Map<string, PathItem>();
  readonly #group: string;
  readonly #tag: string;

  constructor(private readonly resource: DocumentedResource, private readonly definitions: Definitions) {
    this.#group = capital(groupName(resource.group)) + capital(resource.version);
    this.#tag = `${groupName(resource.group)}_${resource.version}`;
    this.#build();
  }

  #build(): void {
    const { resource } = this;
    const { kind, namespaced, plural } = resource;
    const info = findKind(apiVersionOf(resource), kind);
    if (!info) return;
    const base = `/${versionPath(resource)}`;
    const { object, list } = this.definitions.kind(info);
    const all = namespaced ? `${base}/namespaces/{namespace}/${plural}` : `${base}/${plural}`;
    const gvk = gvkOf(apiVersionOf(resource), kind);
    const can = (verb: string) => (resource.verbs as readonly string[]).includes(verb);
    const scope = namespaced ? "Namespaced" : "";
    const add = (path: string, method: Method, operation: Omit<Operation, "gvk">) =>
      this.#add(path, method, { ...operation, gvk });

    if (can("list")) {
      add(all, "get", {
        action: "list",
        id: `list${this.#group}${scope}${kind}`,
        description: can("watch") ? `List or watch objects of kind ${kind}.` : `List objects of kind ${kind}.`,
        parameters: listParameters,
        media: can("watch") ? watched : json,
        responses: { "200": { description: "OK", schema: list } },
      });
      if (namespaced) {
        add(`${base}/${plural}`, "get", {
          action: "list",
          id: `list${this.#group}${kind}ForAllNamespaces`,
          description: can("watch")
            ? `List or watch objects of kind ${kind} in all namespaces.`
            : `List objects of kind ${kind} in all namespaces.`,
          parameters: listParameters,
          media: can("watch") ? watched : json,
          responses: { "200": { description: "OK", schema: list } },
        });
      }
    }
    if (can("create")) {
      add(all, "post", {
        action: "post",
        id: `create${this.#group}${scope}${kind}`,
        description: resource.create ? `Ask for a ${kind}; it is answered, not stored.` : `Create a ${kind}.`,
        parameters: writeParameters,
        body: { media: json, schema: object, required: true },
        media: json,
        responses: written(object),
      });
    }
    if (can("deletecollection")) {
      add(all, "delete", {
        action: "deletecollection",
        id: `delete${this.#group}Collection${scope}${kind}`,
        description: `Delete all objects of kind ${kind} that the selectors choose.`,
        parameters: [...deleteParameters, ...listParameters.filter(({ name }) => isSelector(name))],
        body: { media: json, schema: this.definitions.ref("meta.v1.DeleteOptions"), required: false },
        media: json,
        responses: { "200": { description: "OK", schema: this.definitions.ref("meta.v1.Status") } },
      });
    }
    this.#one(`${all}/{name}`, "", object, gvk, resource.verbs);
    if (resource.hasStatus && !resource.subresources?.status) {
      this.#one(`${all}/{name}/status`, "Status", object, gvk, ["get", "update", "patch"]);
    }
    for (const name of Object.keys(resource.parts ?? {})) {
      this.#one(`${all}/{name}/${name}`, capital(name), object, gvk, ["get", "update", "patch"]);
    }
    for (const [name, { kind: taken, verbs }] of Object.entries(resource.subresources ?? {})) {
      this.#subresource(`${all}/{name}/${name}`, name, taken, verbs);
    }
  }

  /** get, update, patch, delete of one object or of a part of it. */
  #one(path: string, part: string, object: Schema, gvk: Operation["gvk"], verbs: readonly string[]): void {
    const { kind, namespaced } = this.resource;
    const named = `${this.#group}${namespaced ? "Namespaced" : ""}${kind}${part}`;
    const what = part ? `${part.toLowerCase()} of a ${kind}` : kind;
    const a = part ? "the" : "a";
    if (verbs.includes("get")) {
      this.#add(path, "get", {
        action: "get",
        id: `read${named}`,
        description: `Read ${a} ${what}.`,
        gvk,
        parameters: part ? [] : getParameters,
        media: json,
        responses: { "200": { description: "OK", schema: object } },
      });
    }
    if (verbs.includes("update")) {
      this.#add(path, "put", {
        action: "put",
        id: `replace${named}`,
        description: `Replace ${a} ${what}.`,
        gvk,
        parameters: writeParameters,
        body: { media: json, schema: object, required: true },
        media: json,
        responses: { "200": { description: "OK", schema: object }, "201": { description: "Created", schema: object } },
      });
    }
    if (verbs.includes("patch")) {
      this.#add(path, "patch", {
        action: "patch",
        id: `patch${named}`,
        description: `Change fields of ${a} ${what}.`,
        gvk,
        parameters: patchParameters,
        body: { media: patches, schema: this.definitions.patch(), required: true },
        media: json,
        responses: { "200": { description: "OK", schema: object }, "201": { description: "Created", schema: object } },
      });
    }
    if (verbs.includes("delete")) {
      const status = this.definitions.ref("meta.v1.Status");
      this.#add(path, "delete", {
        action: "delete",
        id: `delete${named}`,
        description: `Delete ${a} ${what}.`,
        gvk,
        parameters: deleteParameters,
        body: { media: json, schema: this.definitions.ref("meta.v1.DeleteOptions"), required: false },
        media: json,
        responses: { "200": { description: "OK", schema: status }, "202": { description: "Accepted", schema: status } },
      });
    }
  }

  #subresource(
    path: string,
    name: string,
    taken: { group?: string; version?: string; kind: string },
    verbs: readonly string[],
  ): void {
    const { resource } = this;
    const apiVersion = taken.version
      ? apiVersionOf({ group: taken.group ?? "", version: taken.version })
      : apiVersionOf(resource);
    const gvk = gvkOf(apiVersion, taken.kind);
    const scope = resource.namespaced ? "Namespaced" : "";
    const part = capital(name);
    const info = findKind(apiVersion, taken.kind);
    const stream = subresourceParameters[name];
    if (stream) {
      const isLog = name === "log";
      for (const [verb, method] of [["get", "get"], ["create", "post"]] as const) {
        if (!verbs.includes(verb)) continue;
        this.#add(path, method, {
          action: isLog ? "get" : "connect",
          id: isLog
            ? `read${this.#group}${scope}${resource.kind}Log`
            : `connect${this.#group}${capital(method)}${scope}${resource.kind}${part}`,
          description: isLog ? "Read the log of a container." : `Connect to ${name} of a ${resource.kind}.`,
          gvk,
          parameters: stream,
          media: isLog ? ["text/plain"] : ["*/*"],
          responses: { "200": { description: "OK", schema: { type: "string" } } },
        });
      }
      return;
    }
    if (!info) return;
    const { object } = this.definitions.kind(info);
    if (verbs.includes("create")) {
      this.#add(path, "post", {
        action: "post",
        id: `create${this.#group}${scope}${resource.kind}${part}`,
        description: `Create ${name} of a ${resource.kind}.`,
        gvk,
        parameters: writeParameters,
        body: { media: json, schema: object, required: true },
        media: json,
        responses: written(object),
      });
    }
    this.#one(path, part, object, gvk, verbs.filter((verb) => verb !== "delete"));
  }

  #add(path: string, method: Method, operation: Operation): void {
    let item = this.paths.get(path);
    if (!item) {
      const parameters = [
        ...(path.includes("{name}") ? [nameParameter(this.resource.kind)] : []),
        ...(path.includes("{namespace}") ? [namespaceParameter] : []),
        pretty,
      ];
      this.paths.set(path, item = { tag: this.#tag, parameters, operations: {} });
    }
    // A parameter of a stream may have the name of one that all have.
    const own = new Set(operation.parameters.map(({ name }) => name));
    if (own.has("pretty")) item.parameters = item.parameters.filter(({ name }) => name !== "pretty");
    item.operations[method] = operation;
  }
}

function written(schema: Schema): Operation["responses"] {
  return {
    "200": { description: "OK", schema },
    "201": { description: "Created", schema },
    "202": { description: "Accepted", schema },
  };
}

const isSelector = (name: string) => /Selector$|^continue$|^limit$|^resourceVersion|^timeoutSeconds$/.test(name);

/** A path item in OpenAPI 3's form. */
export function pathItem3({ tag, parameters, operations }: PathItem): Schema {
  const item: Schema = { parameters: parameters.map(parameter3) };
  for (const [method, operation] of Object.entries(operations)) item[method] = operation3(operation, tag);
  return item;
}

function parameter3({ name, in: where, type, description, required }: Parameter): Schema {
  const schema = type === "array" ? { type, items: { type: "string" } } : { type };
  return { name, in: where, description, ...(required ? { required } : {}), schema };
}

function operation3(
  { action, id, description, gvk, parameters, body, media, responses }: Operation,
  tag: string,
): Schema {
  const content = (types: readonly string[], schema: Schema) =>
    Object.fromEntries(types.map((type) => [type, { schema }]));
  return {
    tags: [tag],
    description,
    operationId: id,
    ...(parameters.length ? { parameters: parameters.map(parameter3) } : {}),
    ...(body
      ? { requestBody: { content: content(body.media, body.schema), ...(body.required ? { required: true } : {}) } }
      : {}),
    responses: {
      ...Object.fromEntries(
        Object.entries(responses).map(([code, { description, schema }]) => [
          code,
          { description, ...(schema ? { content: content(media, schema) } : {}) },
        ]),
      ),
      "401": { description: "Unauthorized" },
    },
    "x-kubernetes-action": action,
    "x-kubernetes-group-version-kind": gvk,
  };
}

/** A path item in the form of version 2. */
export function pathItem2({ tag, parameters, operations }: PathItem): Schema {
  const item: Schema = { parameters: parameters.map(parameter2) };
  for (const [method, operation] of Object.entries(operations)) item[method] = operation2(operation, tag);
  return item;
}

function parameter2({ name, in: where, type, description, required }: Parameter): Schema {
  return {
    name,
    in: where,
    description,
    ...(required ? { required } : {}),
    type,
    ...(type === "array" ? { items: { type: "string" }, collectionFormat: "multi" } : {}),
    uniqueItems: true,
  };
}

function operation2(
  { action, id, description, gvk, parameters, body, media, responses }: Operation,
  tag: string,
): Schema {
  const bodyParameter = body
    ? [{ name: "body", in: "body", ...(body.required ? { required: true } : {}), schema: body.schema }]
    : [];
  return {
    description,
    consumes: body ? body.media : ["*/*"],
    produces: media,
    schemes: ["https"],
    tags: [tag],
    operationId: id,
    parameters: [...bodyParameter, ...parameters.map(parameter2)],
    responses: { ...responses, "401": { description: "Unauthorized" } },
    "x-kubernetes-action": action,
    "x-kubernetes-group-version-kind": gvk,
  };
}
