/** What the handlers of resources share. */
import type { Context } from "hono";
import type { AppDeps } from "../deps.ts";
import type { AppEnv, RequestInfo } from "../request.ts";
import { negotiate, type Shape } from "./negotiate.ts";
import type { Registry } from "./registry.ts";
import { includeOf, type ShapeOptions } from "./shape.ts";
import type { ApiObject, Resource } from "./types.ts";

export interface Kube {
  deps: AppDeps;
  registry: Registry;
}

/** One request for a resource. */
export interface KubeRequest<T extends ApiObject = ApiObject> {
  c: Context<AppEnv>;
  kube: Kube;
  info: RequestInfo;
  resource: Resource<T>;
  query: URLSearchParams;
}

/** How the answer to a request is to look; throws a 406. */
export function answerShape({ c, kube, query }: KubeRequest, shapes: readonly Shape[]): ShapeOptions {
  return {
    form: negotiate(c.req.header("accept"), shapes),
    include: includeOf(query.get("includeObject")),
    now: kube.deps.clock.now(),
  };
}
