/**
 * `nodes/NAME/proxy/…`: kubelet's paths through the Kubernetes API, with its own authentication: what
 * `kubectl get --raw /api/v1/nodes/NAME/proxy/logs/` asks for.
 */
import type { Hono } from "hono";
import type { AppDeps } from "../deps.ts";
import { type AppEnv, requestInfo } from "../request.ts";
import type { Subresource } from "../kube/types.ts";
import { badRequest, notFound } from "../status.ts";

export function nodeProxy(deps: AppDeps): Subresource {
  let kubelet: Promise<Hono<AppEnv>> | undefined;
  return {
    kind: { kind: "NodeProxyOptions" },
    verbs: ["create", "delete", "get", "patch", "update"],
    async handle(c) {
      const info = c.get("info") ?? requestInfo(c.req.method, c.req.path, new URLSearchParams());
      const { nodeName } = deps.config;
      // NAME, NAME:PORT or SCHEME:NAME:PORT; there is one node, and one port of its kubelet
      const parts = info.name.split(":");
      if (parts.length > 3) throw badRequest(`invalid node request ${JSON.stringify(info.name)}`);
      const name = parts.length === 3 ? parts[1] : parts[0];
      if (name !== nodeName) throw notFound("nodes", name);
      const url = new URL(c.req.url);
      const [, rest] = /^\/api\/v1\/nodes\/[^/]+\/proxy(\/.*)?$/.exec(url.pathname) ?? [];
      if (rest === undefined) {
        return c.body(null, 301, { location: `${url.pathname}/${url.search}` });
      }
      kubelet ??= import("./of_node.ts").then(({ kubeletOfNode }) => kubeletOfNode(deps));
      url.pathname = rest;
      const app = await kubelet;
      return await app.fetch(new Request(url, c.req.raw), c.env);
    },
  };
}
