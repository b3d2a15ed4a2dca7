/** Paths that are not resources: discovery, health, and what only islet has. */
import type { Schema } from "./definitions.ts";

const text = (description: string): Schema => ({
  description,
  content: { "text/plain": { schema: { type: "string" } } },
});
const json = (description: string, schema: Schema = { type: "object" }): Schema => ({
  description,
  content: { "application/json": { schema } },
});

function get(id: string, summary: string, ok: Schema, more: Schema = {}, others: Record<string, Schema> = {}): Schema {
  return { get: { operationId: id, summary, tags: ["islet"], ...more, responses: { "200": ok, ...others } } };
}

const name = (parameter: string, description: string): Schema => ({
  name: parameter,
  in: "path",
  required: true,
  description,
  schema: { type: "string" },
});

const anyone = { security: [{}] };
const notReady = { "503": text("The container runtime does not answer.") };

export function isletPaths(): Record<string, Schema> {
  return {
    "/": get("page", "The page for people: pods, charts, logs, events.", {
      description: "One HTML file without external parts.",
      content: { "text/html": { schema: { type: "string" } } },
    }),
    "/healthz": get("healthz", "Whether the node works.", text("ok"), anyone, notReady),
    "/livez": get("livez", "Whether the agent answers at all.", text("ok"), anyone),
    "/readyz": get("readyz", "Whether the node works.", text("ok"), anyone, notReady),
    "/version": get(
      "version",
      "Which version this is.",
      json("Version of Kubernetes and of islet.", ref("VersionInfo")),
    ),
    "/api": get(
      "coreVersions",
      "Versions of the core group.",
      json("APIVersions or, if asked for, an APIGroupDiscoveryList."),
    ),
    "/apis": get("groups", "All other groups.", json("An APIGroupList or, if asked for, an APIGroupDiscoveryList.")),
    "/apis/{group}": get("group", "One group.", json("An APIGroup."), {
      parameters: [name("group", "The group's name.")],
    }),
    "/api/v1": get("coreResources", "Resources of the core group.", json("An APIResourceList.")),
    "/apis/{group}/{version}": get("resources", "Resources of a group's version.", json("An APIResourceList."), {
      parameters: [name("group", "The group's name."), name("version", "Its version.")],
    }),
    "/openapi/v2": get("openapiV2", "The OpenAPI 2 document, as JSON or protobuf.", json("The document.")),
    "/openapi/v3": get(
      "openapiV3",
      "The index of OpenAPI 3 documents; this whole document for `Accept: application/openapi+json`.",
      json("Paths and where their documents are."),
    ),
    "/islet/v1/manifests/problems": get(
      "manifestProblems",
      "What is wrong with files of the manifest directory.",
      json("Problems with file, line, column, path and message.", ref("ManifestProblems")),
    ),
    "/islet/v1/namespaces/{namespace}/pods/{name}/why": get(
      "why",
      "Why a pod is not running, in plain words, with the next thing to try.",
      json("What was found."),
      { parameters: [name("namespace", "The pod's namespace."), name("name", "The pod's name.")] },
    ),
  };
}

const ref = (schema: string): Schema => ({ $ref: `#/components/schemas/${schema}` });

export const isletSchemas: Record<string, Schema> = {
  VersionInfo: {
    type: "object",
    required: ["major", "minor", "gitVersion", "platform"],
    properties: {
      major: { type: "string", description: "Of the Kubernetes version whose API this is." },
      minor: { type: "string" },
      gitVersion: { type: "string", description: "The Kubernetes version and islet's own." },
      platform: { type: "string", description: "`linux/amd64`." },
    },
  },
  ManifestProblems: {
    type: "object",
    properties: {
      items: {
        type: "array",
        items: {
          type: "object",
          required: ["file", "severity", "line", "column", "message"],
          properties: {
            file: { type: "string" },
            severity: { type: "string", enum: ["error", "warning"] },
            line: { type: "integer" },
            column: { type: "integer" },
            path: { type: "string", description: "The field: `spec.containers[0].name`." },
            message: { type: "string" },
          },
        },
      },
    },
  },
};
