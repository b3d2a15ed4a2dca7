/**
 * OpenAPI: what kubectl validates, explains and applies by, and one document for people and generators.
 *
 *     GET /openapi/v3                index: where each group's document is, with its hash
 *     GET /openapi/v3/api/v1         one group's version (OpenAPI 3.0); also /openapi/v3/apis/GROUP/VERSION
 *     GET /openapi/v3/openapi.json   the whole surface (OpenAPI 3.1); also /openapi/v3 for application/openapi+json
 *     GET /openapi/v2                everything in version 2, as JSON or gnostic's protobuf
 *
 * Nothing is loaded before the first request, and documents are let go of when nobody has asked for a while; only their
 * hashes stay.
 */
import { type Clock, systemClock } from "../../clock.ts";
import type { Context } from "hono";
import type { AppEnv } from "../request.ts";
import { ApiError } from "../status.ts";
import type { DocumentedVersion, Documents } from "./documents.ts";
import { DocumentCache } from "./cache.ts";

export type { DocumentedVersion } from "./documents.ts";

type Answer = (c: Context<AppEnv>) => Promise<Response>;

export interface OpenApi {
  /** `/openapi/v3`. */
  index: Answer;
  /** `/openapi/v3/*`. */
  document: Answer;
  /** `/openapi/v2`. */
  version2: Answer;
}

export interface OpenApiOptions {
  /** What is served, in order. */
  versions: () => readonly DocumentedVersion[];
  /** islet's version. */
  version: string;
  clock?: Clock;
  /** When the server ends. */
  closing?: AbortSignal;
}

/** How answers are called; the other name is what clients ask for, but `@` has no place in a media type. */
const protobuf2 = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";
const askedAsProtobuf2 = [protobuf2, "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"];
const wholeTypes = ["application/openapi+json", "application/vnd.oai.openapi+json"];
const wholeKey = "openapi.json";

export function openApi({ versions, version, clock = systemClock, closing }: OpenApiOptions): OpenApi {
  const cache = new DocumentCache(async (): Promise<Documents> => {
    const { Documents } = await import("./documents.ts");
    return await Documents.load(versions(), version);
  }, clock);
  closing?.addEventListener("abort", () => cache.clear(), { once: true });
  return {
    async index(c) {
      const asked = accepted(c);
      if (wholeTypes.includes(asked[0])) return await serve(c, cache, `3 ${wholeKey}`, asked[0]);
      const documents = await cache.documents();
      const paths: Record<string, { serverRelativeURL: string }> = {};
      for (const key of documents.keys()) {
        paths[key] = { serverRelativeURL: `/openapi/v3/${key}?hash=${await cache.hash(`3 ${key}`)}` };
      }
      return c.json({ paths });
    },
    async document(c) {
      const key = c.req.path.replace(/^\/openapi\/v3\//, "").replace(/\/$/, "");
      const documents = await cache.documents();
      if (!documents.keys().includes(key)) {
        throw new ApiError(404, "NotFound", "the server could not find the requested resource", {});
      }
      const hash = c.req.query("hash");
      const current = await cache.hash(`3 ${key}`);
      if (hash !== undefined && hash !== current) {
        return c.redirect(`/openapi/v3/${key}?hash=${current}`, 301);
      }
      const response = await serve(c, cache, `3 ${key}`, "application/json");
      if (hash !== undefined) response.headers.set("cache-control", "public, immutable, max-age=31536000");
      return response;
    },
    async version2(c) {
      const binary = accepted(c).find((type) => type !== "*/*" && type !== "application/*");
      if (binary !== undefined && askedAsProtobuf2.includes(binary)) {
        return await serve(c, cache, "2 protobuf", protobuf2);
      }
      return await serve(c, cache, "2 json", "application/json");
    },
  };
}

/** Media types of the Accept header in order, without parameters. */
function accepted(c: Context): string[] {
  return (c.req.header("accept") ?? "*/*").split(",").map((part) => part.split(";", 1)[0].trim().toLowerCase());
}

async function serve(c: Context, cache: DocumentCache, key: string, type: string): Promise<Response> {
  const etag = `"${await cache.hash(key)}"`;
  const headers = { etag, vary: "Accept" };
  const known = (c.req.header("if-none-match") ?? "").split(",").map((tag) => tag.trim().replace(/^W\//, ""));
  if (known.includes(etag) || known.includes("*")) return new Response(null, { status: 304, headers });
  return new Response(await cache.bytes(key), { headers: { ...headers, "content-type": type } });
}
