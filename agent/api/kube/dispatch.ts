/** From a path to what answers it: which resource, which verb, which subresource. */
import type { Context } from "hono";
import { type AppEnv, requestInfo, type Verb } from "../request.ts";
import type { Kube, KubeRequest } from "./context.ts";
import { remove, removeCollection } from "./delete.ts";
import { noSuchResource, notSupported, wrongMethod } from "./errors.ts";
import { get, list } from "./read.ts";
import { patch } from "./patch.ts";
import { watch } from "./watch.ts";
import { create, update } from "./write.ts";

type Answer = (request: KubeRequest) => Response | Promise<Response>;

const byVerb: Partial<Record<string, Answer>> = {
  get,
  list,
  watch,
  create,
  update,
  patch,
  delete: remove,
  deletecollection: removeCollection,
};

/** Verbs of a path that names no object. */
const collectionVerbs = ["list", "watch", "create", "deletecollection"];

/** Answers every path of a resource. */
export function dispatch(kube: Kube): (c: Context<AppEnv>) => Promise<Response> {
  return async (c) => {
    const query = new URL(c.req.url).searchParams;
    const info = c.get("info") ?? requestInfo(c.req.method, c.req.path, query);
    const resource = kube.registry.find(info.group, info.version, info.resource);
    if (!info.isResource || !resource) throw noSuchResource();
    const namespace = resource.namespaced ? info.namespace : "";
    // A namespace is itself in the namespace of its name, and in no other: whoever may all there may nothing beyond.
    const isItself = info.resource === "namespaces" && info.namespace === info.name;
    if (!resource.namespaced && info.namespace !== "" && !isItself) throw noSuchResource();
    if (resource.namespaced && namespace === "" && info.name !== "") throw noSuchResource();
    if (info.verb === "get" && info.name === "" || c.req.method === "HEAD" && info.subresource !== "proxy") {
      throw wrongMethod();
    }
    const verb = info.verb === "watch" && info.name !== "" ? "get" : info.verb;
    const request: KubeRequest = { c, kube, info: { ...info, namespace, verb }, resource, query };

    if (info.subresource !== "") {
      const sub = Object.hasOwn(resource.subresources ?? {}, info.subresource)
        ? resource.subresources![info.subresource]
        : undefined;
      if (sub) {
        if (!sub.verbs.includes(verb as Verb)) throw wrongMethod();
        return await sub.handle(c);
      }
      const known = Object.hasOwn(resource.parts ?? {}, info.subresource) ||
        (info.subresource === "status" && resource.hasStatus);
      if (!known || info.rest !== "") throw noSuchResource();
      if (verb !== "get" && verb !== "update" && verb !== "patch") throw wrongMethod();
      return await byVerb[verb]!(request);
    }
    if (collectionVerbs.includes(verb) !== (info.name === "")) throw wrongMethod();
    if (resource.namespaced && namespace === "" && verb !== "list" && verb !== "watch" && !resource.create) {
      throw wrongMethod();
    }
    const answer = byVerb[verb];
    if (!answer) throw wrongMethod();
    if (!resource.verbs.includes(verb as Verb)) throw notSupported(resource, verb);
    return await answer(request);
  };
}
