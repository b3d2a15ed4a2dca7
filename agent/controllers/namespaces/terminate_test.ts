import { deepEqual, equal, match } from "node:assert/strict";
import type { Namespace } from "../../objects/mod.ts";
import { configSource } from "../../sources/mod.ts";
import type { StoreObject } from "../../store/mod.ts";
import { type EndAction, planTermination } from "./terminate.ts";

const namespace: Namespace = {
  apiVersion: "v1",
  kind: "Namespace",
  metadata: { name: "shop", deletionTimestamp: "2026-01-01T00:00:00Z" },
  spec: { finalizers: ["kubernetes"] },
  status: { phase: "Terminating" },
};
const resource = (kind: string) => `${kind.toLowerCase()}s`;
const object = (kind: string, more: Record<string, unknown> = {}) => {
  const { spec = {}, status, ...metadata } = more;
  return {
    apiVersion: "v1",
    kind,
    metadata: { namespace: "shop", name: kind.toLowerCase(), ...metadata },
    spec,
    status,
  };
};
const plan = (...content: unknown[]) => planTermination(namespace, content as StoreObject[], "edge-1", resource);

function told(actions: EndAction[]): string[] {
  return actions.flatMap((action) => {
    switch (action.type) {
      case "delete":
        return [`delete ${action.object.metadata.name}`];
      case "end":
        return [`end ${action.pod.metadata.name} in ${action.graceSeconds} s`];
      case "finalize":
        return ["finalize"];
      default:
        return [];
    }
  });
}

function condition(actions: EndAction[], type: string): string | undefined {
  const status = actions.find((action) => action.type === "status");
  const found = status?.type === "status" && status.conditions.find((each) => each.type === type);
  return found ? `${found.status}: ${found.message}` : undefined;
}

const running = object("Pod", { spec: { nodeName: "edge-1", terminationGracePeriodSeconds: 7 } });

Deno.test("planTermination() ends an empty namespace at once", () => {
  deepEqual(told(plan()), ["finalize"]);
});

Deno.test("planTermination() deletes what is there, and waits for running pods only", () => {
  const actions = plan(object("ConfigMap"), running);
  deepEqual(told(actions), ["delete configmap", "end pod in 7 s"]);
  match(condition(actions, "NamespaceContentRemaining")!, /^True: Some resources are remaining: pods has 1 resource/);
});

Deno.test("planTermination() does not end a pod twice", () => {
  deepEqual(
    told(plan({ ...running, metadata: { ...running.metadata, deletionTimestamp: "2026-01-01T00:00:00Z" } })),
    [],
  );
});

Deno.test("planTermination() deletes a pod at once that nobody runs", () => {
  deepEqual(told(plan(object("Pod"))), ["delete pod", "finalize"]);
});

Deno.test("planTermination() tells of finalizers that hold something", () => {
  const actions = plan(object("ConfigMap", { finalizers: ["example.com/hold"] }));
  deepEqual(told(actions), ["delete configmap"]);
  equal(
    condition(actions, "NamespaceFinalizersRemaining"),
    "True: Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances",
  );
});

Deno.test("planTermination() leaves to manifests what is theirs, and does not wait for it", () => {
  const mine = object("ConfigMap", { annotations: { [configSource]: "file" } });
  deepEqual(told(plan(mine)), ["finalize"]);
});
