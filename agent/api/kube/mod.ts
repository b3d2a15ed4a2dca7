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
  deps.closing.addEventListener("abort", () => registry.stop());
  return {
    registry,
    resource: dispatch({ deps, registry }),
    coreVersions: coreVersions(registry),
    groupList: groupList(registry),
    group: oneGroup(registry),
    resourceList: resourceList(registry),
  };
}
