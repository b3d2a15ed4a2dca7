/**
 * Which namespaces there are to be, and what each has from the beginning: the ServiceAccount `default` and the ConfigMap
 * kube-root-ca.crt, as in any cluster. Pure.
 *
 * A namespace comes into being with the first object that names it, because manifests may name one that nobody made.
 */
import { isFromFile, isMadeByNode, madeByNode } from "../../sources/mod.ts";
import type { StoreObject } from "../../store/mod.ts";

/** Those of every cluster; the API deletes none of the first three. */
export const builtinNamespaces = ["default", "kube-node-lease", "kube-public", "kube-system"];

export const accountName = "default";
export const caMapName = "kube-root-ca.crt";

export interface FurnishState {
  namespaces: readonly StoreObject[];
  /** All objects in namespaces. */
  objects: readonly StoreObject[];
  /** PEM of the CA that signs the API's certificate; undefined while there is none. */
  ca: string | undefined;
}

export type FurnishAction =
  | { type: "create"; object: StoreObject }
  /** Brings a ConfigMap of the node's own up to date. */
  | { type: "update"; object: StoreObject }
  /** The status of a namespace that nobody has written yet. */
  | { type: "activate"; namespace: StoreObject }
  /** What the node made in a namespace that is gone. */
  | { type: "remove"; object: StoreObject };

export function planFurnishing({ namespaces, objects, ca }: FurnishState): FurnishAction[] {
  const actions: FurnishAction[] = [];
  const known = new Map(namespaces.map((each) => [each.metadata.name, each]));
  const needed = new Set(builtinNamespaces);
  for (const object of objects) if (!isMadeByNode(object)) needed.add(object.metadata.namespace!);
  for (const name of needed) if (!known.has(name)) actions.push({ type: "create", object: namespaceNamed(name) });
  for (const namespace of namespaces) {
    const phase = (namespace.status as { phase?: string } | undefined)?.phase;
    if (!namespace.metadata.deletionTimestamp && phase === undefined) actions.push({ type: "activate", namespace });
  }
  const present = new Map(
    objects.filter(({ kind }) => kind === "ServiceAccount" || kind === "ConfigMap").map((each) => [key(each), each]),
  );
  for (const name of new Set([...known.keys(), ...needed])) {
    if (known.get(name)?.metadata.deletionTimestamp) continue;
    for (const object of furniture(name, ca)) {
      const there = present.get(key(object));
      if (!there) actions.push({ type: "create", object });
      else if (object.kind === "ConfigMap" && !isFromFile(there) && !sameData(there, object)) {
        actions.push({ type: "update", object: { ...there, ...withData(object) } as StoreObject });
      }
    }
  }
  for (const object of objects) {
    const { namespace } = object.metadata;
    if (isMadeByNode(object) && !needed.has(namespace!) && !known.has(namespace!)) {
      actions.push({ type: "remove", object });
    }
  }
  return actions;
}

function namespaceNamed(name: string): StoreObject {
  return {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name, labels: { "kubernetes.io/metadata.name": name }, annotations: { [madeByNode]: "true" } },
    spec: { finalizers: ["kubernetes"] },
    status: { phase: "Active" },
  };
}

function furniture(namespace: string, ca: string | undefined): StoreObject[] {
  const annotations = { [madeByNode]: "true" };
  const account = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: accountName, namespace, annotations } };
  if (ca === undefined) return [account];
  const description =
    "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the " +
    "internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes " +
    "clusters.";
  const map: StoreObject & { data: unknown } = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: caMapName, namespace, annotations: { ...annotations, "kubernetes.io/description": description } },
    data: { "ca.crt": ca },
  };
  return [account, map];
}

function withData(object: StoreObject): { data: unknown } {
  return { data: (object as StoreObject & { data: unknown }).data };
}

function sameData(a: StoreObject, b: StoreObject): boolean {
  return JSON.stringify(withData(a)) === JSON.stringify(withData(b));
}

function key({ kind, metadata }: StoreObject): string {
  return `${kind}/${metadata.namespace}/${metadata.name}`;
}
