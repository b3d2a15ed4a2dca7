/**
 * The documents themselves, as bytes: one of version 3 for each group's version, one of version 2 for all, and one of
 * OpenAPI 3.1 for the whole surface. Built when asked for.
 */
import { Definitions, type Dialect, openapi3, type Schema, swagger } from "./definitions.ts";
import { type Descriptions, loadDescriptions } from "./descriptions/mod.ts";
import { encodeDocument } from "./gnostic.ts";
import { isletPaths, isletSchemas } from "./islet.ts";
import { apiVersionOf, versionPath } from "./names.ts";
import { type DocumentedResource, pathItem2, pathItem3, ResourcePaths } from "./operations.ts";

/** One group's version and what it serves. */
export interface DocumentedVersion {
  group: string;
  version: string;
  resources: readonly DocumentedResource[];
}

export class Documents {
  private constructor(
    private readonly versions: readonly DocumentedVersion[],
    private readonly islet: string,
    private readonly texts: Descriptions,
  ) {}

  /** @param islet islet's version */
  static async load(versions: readonly DocumentedVersion[], islet: string): Promise<Documents> {
    return new Documents(versions, islet, await loadDescriptions());
  }

  /** `api/v1`, `apis/discovery.k8s.io/v1`, in order; and our own. */
  keys(): string[] {
    return [...this.versions.map(versionPath), wholeKey];
  }

  /** The document of a key. */
  version3(key: string): Uint8Array<ArrayBuffer> | undefined {
    if (key === wholeKey) return this.whole();
    const found = this.versions.find((each) => versionPath(each) === key);
    if (!found) return undefined;
    const { paths, definitions } = this.#describe([found], openapi3, pathItem3);
    return bytes({
      openapi: "3.0.0",
      info: this.#info(),
      paths,
      components: { schemas: definitions.all(), securitySchemes: { BearerToken: bearerToken } },
      security: [{ BearerToken: [] }],
    });
  }

  version2(form: "json" | "protobuf"): Uint8Array<ArrayBuffer> {
    const { paths, definitions } = this.#describe(this.versions, swagger, pathItem2);
    const document: Schema = {
      swagger: "2.0",
      info: this.#info(),
      paths,
      definitions: definitions.all(),
      securityDefinitions: {
        BearerToken: { type: "apiKey", name: "authorization", in: "header", description: "Bearer token" },
      },
      security: [{ BearerToken: [] }],
    };
    return form === "json" ? bytes(document) : encodeDocument(document);
  }

  /** Everything that the doors answer: the Kubernetes API, discovery, health, and what is islet's own. */
  whole(): Uint8Array<ArrayBuffer> {
    const { paths, definitions } = this.#describe(this.versions, openapi3, pathItem3);
    return bytes({
      openapi: "3.1.0",
      info: {
        ...this.#info(),
        summary: "A node agent that answers as a Kubernetes API.",
        description: "All paths of the API port and of the socket; those of the kubelet's API name their own server.",
      },
      paths: { ...isletPaths(), ...paths },
      components: {
        schemas: { ...definitions.all(), ...isletSchemas },
        securitySchemes: {
          BearerToken: bearerToken,
          ClientCertificate: { type: "mutualTLS", description: "A certificate of this node's CA." },
        },
      },
      security: [{ BearerToken: [] }, { ClientCertificate: [] }],
    });
  }

  #info(): Schema {
    return { title: "islet", version: this.islet };
  }

  #describe(
    versions: readonly DocumentedVersion[],
    dialect: Dialect,
    write: (item: Parameters<typeof pathItem3>[0]) => Schema,
  ): { paths: Record<string, Schema>; definitions: Definitions } {
    const definitions = new Definitions(dialect, this.texts);
    definitions.status();
    definitions.deleteOptions(this.versions.map(apiVersionOf));
    const paths: [string, Schema][] = [];
    for (const { resources } of versions) {
      for (const resource of resources) {
        for (const [path, item] of new ResourcePaths(resource, definitions).paths) paths.push([path, write(item)]);
      }
    }
    return { paths: Object.fromEntries(paths.sort(([a], [b]) => a < b ? -1 : 1)), definitions };
  }
}

/** The key of the document of the whole surface. */
export const wholeKey = "openapi.json";

const bearerToken = {
  type: "http",
  scheme: "bearer",
  description: "A token of admin.kubeconfig or of a ServiceAccount.",
};

function bytes(document: Schema): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(document));
}
