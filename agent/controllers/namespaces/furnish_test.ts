import { deepEqual, equal } from "node:assert/strict";
import { configSource, madeByNode } from "../../sources/mod.ts";
import type { StoreObject } from "../../store/mod.ts";
import { builtinNamespaces, type FurnishAction, type FurnishState, planFurnishing } from "./furnish.ts";

const made = { [madeByNode]: "true" };
const object = (kind: string, namespace: string, name: string, more: Partial<StoreObject["metadata"]> = {}) =>
  ({ apiVersion: "v1", kind, metadata: { namespace, name, ...more } }) as StoreObject;
const namespace = (name: string, more: Partial<StoreObject["metadata"]> = {}, phase: string | undefined = "Active") =>
  ({
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name, ...more },
    spec: {},
    ...(phase ? { status: { phase } } : {}),
  }) as StoreObject;

function told(state: FurnishState): string[] {
  return planFurnishing(state).map((action: FurnishAction) => {
    const { kind, metadata } = action.type === "activate" ? action.namespace : action.object;
    return `${action.type} ${kind} ${metadata.namespace ? `${metadata.namespace}/` : ""}${metadata.name}`;
  });
}

/** A node on which everything is there. */
function complete(ca = "PEM"): FurnishState {
  const objects: StoreObject[] = [];
  const namespaces = builtinNamespaces.map((name) => namespace(name));
  for (const action of planFurnishing({ namespaces, objects, ca })) {
    if (action.type === "create") objects.push(action.object);
  }
  return { namespaces, objects, ca };
}

Deno.test("planFurnishing() makes the four namespaces, an account in each and the CA", () => {
  const actions = told({ namespaces: [], objects: [], ca: "PEM" });
  deepEqual(actions.slice(0, 4), builtinNamespaces.map((name) => `create Namespace ${name}`));
  deepEqual(actions.slice(4, 6), [
    "create ServiceAccount default/default",
    "create ConfigMap default/kube-root-ca.crt",
  ]);
  equal(actions.length, 12);
});

Deno.test("planFurnishing() asks for nothing when all is there", () => {
  deepEqual(told(complete()), []);
});

Deno.test("planFurnishing() makes the namespace that an object names", () => {
  const state = complete();
  deepEqual(told({ ...state, objects: [...state.objects, object("Pod", "shop", "web")] }), [
    "create Namespace shop",
    "create ServiceAccount shop/default",
    "create ConfigMap shop/kube-root-ca.crt",
  ]);
});

Deno.test("planFurnishing() makes no ConfigMap while there is no CA", () => {
  deepEqual(told({ ...complete(), ca: undefined, objects: [] }).filter((each) => each.includes("ConfigMap")), []);
});

Deno.test("planFurnishing() brings the CA up to date, but not over a manifest's own", () => {
  const state = complete("old");
  equal(told({ ...state, ca: "new" }).length, 4);
  const objects = state.objects.map((each) =>
    each.kind === "ConfigMap" && each.metadata.namespace === "default"
      ? { ...each, metadata: { ...each.metadata, annotations: { [configSource]: "file" } } }
      : each
  );
  deepEqual(told({ ...state, objects, ca: "new" }), [
    "update ConfigMap kube-node-lease/kube-root-ca.crt",
    "update ConfigMap kube-public/kube-root-ca.crt",
    "update ConfigMap kube-system/kube-root-ca.crt",
  ]);
});

Deno.test("planFurnishing() gives a namespace of a manifest its phase", () => {
  const state = complete();
  const mine = namespace("mine", {}, "");
  const actions = told({ ...state, namespaces: [...state.namespaces, mine] });
  deepEqual(actions[0], "activate Namespace mine");
});

Deno.test("planFurnishing() furnishes no namespace that ends", () => {
  const state = complete();
  const ending = namespace("old", { deletionTimestamp: "2026-01-01T00:00:00Z" });
  deepEqual(told({ ...state, namespaces: [...state.namespaces, ending] }), []);
});

Deno.test("planFurnishing() removes what it made in a namespace that is gone", () => {
  const state = complete();
  const left = object("ServiceAccount", "gone", "default", { annotations: made });
  deepEqual(told({ ...state, objects: [...state.objects, left] }), ["remove ServiceAccount gone/default"]);
});
