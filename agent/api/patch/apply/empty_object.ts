/**
 * Parts of an object that are there even when nobody sets them: kube-apiserver's types hold them by value. Nobody
 * manages such a part itself, only what is in it.
 */
import { field, isMap, type JsonMap, setField } from "../json.ts";
import { fieldView, type TypeView } from "../schema_view.ts";

const ofEveryKind = [["metadata"], ["spec"], ["status"]];
const ofKind: Readonly<Record<string, string[][]>> = {
  Pod: [["spec", "containers"]],
  PersistentVolumeClaim: [["spec", "resources"]],
  Service: [["status", "loadBalancer"]],
  Node: [["status", "daemonEndpoints"], ["status", "daemonEndpoints", "kubeletEndpoint"], ["status", "nodeInfo"]],
  Event: [["source"], ["involvedObject"], ["regarding"], ["deprecatedSource"]],
  EndpointSlice: [["endpoints"], ["ports"]],
  Role: [["rules"]],
  ClusterRole: [["rules"]],
};

/** Lists that are there even when they are empty. */
export function isAlwaysThere(kind: unknown, key: string): boolean {
  return (ofKind[String(kind)] ?? []).some((path) => path.length === 1 && path[0] === key);
}

/** The object with the parts that are always there. */
export function withStructs(object: JsonMap, view: TypeView): JsonMap {
  let filled = object;
  for (const path of [...ofEveryKind, ...ofKind[String(object.kind)] ?? []]) filled = fill(filled, path, view);
  return filled;
}

function fill(object: JsonMap, [key, ...rest]: string[], view: TypeView): JsonMap {
  const below = fieldView(view, key);
  const present = field(object, key);
  if (!below || (present !== undefined && rest.length === 0)) return object;
  const value = rest.length === 0 ? (below.t === "list" ? null : {}) : fill(isMap(present) ? present : {}, rest, below);
  const filled = { ...object };
  setField(filled, key, value);
  return filled;
}

/** What an object of the kind of `object` is before anybody sets anything. */
export function emptyObject({ apiVersion, kind }: JsonMap, view: TypeView): JsonMap {
  return withStructs({ apiVersion, kind }, view);
}
