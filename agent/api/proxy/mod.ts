/**
 * `pods/[SCHEME:]NAME[:PORT]/proxy/…` and `services/…`: HTTP to a pod, or to one of a Service's endpoints, by way of the API, for
 * who reaches no more than that.
 *
 *     the path ─► target.ts: which address ─► pass_on.ts: the request there, the answer back
 */
import type { Context } from "hono";
import type { EndpointSlice, Service } from "../../objects/mod.ts";
import type { Subresource } from "../kube/types.ts";
import { type AppEnv, requestInfo } from "../request.ts";
import { notFound } from "../status.ts";
import { requirePod } from "../streams/container.ts";
import type { StreamDeps } from "../streams/deps.ts";
import { readWanted, type Target, targetInPod, targetOfService, type Wanted } from "./target.ts";

export interface ServiceSource {
  service(namespace: string, name: string): Service | undefined;
  slices(namespace: string): EndpointSlice[];
}

export function podProxy(deps: StreamDeps): Subresource {
  return proxy("pod", deps, (namespace, wanted) => targetInPod(requirePod(deps, namespace, wanted.name), wanted));
}

export function serviceProxy(deps: StreamDeps, source: ServiceSource): Subresource {
  return proxy("service", deps, (namespace, wanted) => {
    const service = source.service(namespace, wanted.name);
    if (!service) throw notFound("services", wanted.name);
    return targetOfService(service, source.slices(namespace), wanted, Math.random());
  });
}

function proxy(
  what: "pod" | "service",
  deps: StreamDeps,
  find: (namespace: string, wanted: Wanted) => Target,
): Subresource {
  return {
    kind: { kind: what === "pod" ? "PodProxyOptions" : "ServiceProxyOptions" },
    verbs: ["create", "delete", "get", "patch", "update"],
    async handle(c: Context<AppEnv>) {
      const { namespace, name } = c.get("info") ?? requestInfo(c.req.method, c.req.path, new URLSearchParams());
      const { pathname, search } = new URL(c.req.url);
      const [, prefix, path] = /^((?:\/[^/]+){6}\/proxy)(\/.*)?$/.exec(pathname) ?? [];
      const target = find(namespace, readWanted(what, name));
      if (path === undefined) return c.body(null, 301, { location: `${pathname}/${search}` });
      const { passOn } = await import("./pass_on.ts");
      return await passOn(deps, c, target, prefix, path + search);
    },
  };
}
