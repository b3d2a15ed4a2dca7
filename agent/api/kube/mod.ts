/**
 * The Kubernetes API over the resources of this node.
 *
 *     dispatch ─► read, write, patch, delete, watch ─► Resource (resources/, a file a kind) ─► Backend (store, memory)
 *     discovery ─► the same table of resources
 */
import type { Context } from "hono";
import type { AppDeps } from "../deps.ts";
import type { AppEnv } from "../request.ts";
import { coreVersions, groupList, oneGroup, resourceList } from "./discovery.ts";
import { dispatch } from "./dispatch.ts";
import { Registry } from "./registry.ts";
import { resources } from "./resources/mod.ts";

export { systemPriorityClasses } from "./resources/classes.ts";

type Answer = (c: Context<AppEnv>) => Promise<Response>;

export interface KubeApi {
  registry: Registry;
  /** Any path of a resource. */
  resource: Answer;
  coreVersions: Answer;
  groupList: Answer;
  group: Answer;
  resourceList: Answer;
}

export function kubeApi(deps: AppDeps): KubeApi {
  const registry = new Registry(resources(deps), deps.clock);
  const unwatch = deps.store.watch(({ type, object }) => {
    if (type === "DELETED") forgetNamespace(registry, object.metadata.name);
  }, { kind: "Namespace" });
  deps.closing.addEventListener("abort", () => {
    unwatch();
    registry.stop();
  });
  return {
    registry,
    resource: dispatch({ deps, registry }),
    coreVersions: coreVersions(registry),
    groupList: groupList(registry),
    group: oneGroup(registry),
    resourceList: resourceList(registry),
  };
}

/** What is kept in memory goes with its namespace; the controllers see to what is stored. */
function forgetNamespace(registry: Registry, namespace: string): void {
  for (const [group, plural] of [["", "events"], ["coordination.k8s.io", "leases"]]) {
    const { backend } = registry.find(group, "v1", plural)!;
    for (const { metadata } of backend.list(namespace)) void backend.write!(namespace, metadata.name, () => undefined);
  }
}
