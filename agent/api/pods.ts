/** Pods: one, lists and watches of them. A pod of the machine's own hides one of the same name from a control plane. */
import type { Handler } from "hono";
import type { Pod } from "../objects/mod.ts";
import type { StoreObject } from "../store/mod.ts";
import type { AppDeps } from "./deps.ts";
import { answerList, wantsTable } from "./list.ts";
import { podColumns, podRow } from "./printers/pod.ts";
import { tableOf } from "./printers/table.ts";
import type { Fields } from "./selectors.ts";
import { notFound } from "./status.ts";

const fields: Fields<Pod> = {
  "metadata.name": ({ metadata }) => metadata.name,
  "metadata.namespace": ({ metadata }) => metadata.namespace,
  "spec.nodeName": ({ spec }) => spec.nodeName,
  "spec.restartPolicy": ({ spec }) => spec.restartPolicy,
  "spec.schedulerName": ({ spec }) => spec.schedulerName,
  "spec.serviceAccountName": ({ spec }) => spec.serviceAccountName,
  "spec.hostNetwork": ({ spec }) => String(spec.hostNetwork ?? false),
  "status.phase": ({ status }) => status?.phase,
  "status.podIP": ({ status }) => status?.podIP,
  "status.nominatedNodeName": ({ status }) => status?.nominatedNodeName,
};

/** The pod of that name; throws a 404. */
export function findPod({ store }: Pick<AppDeps, "store">, namespace: string, name: string): Pod {
  const pod = store.get<Pod>("local", "Pod", namespace, name) ??
    store.get<Pod>("control-plane", "Pod", namespace, name);
  if (!pod) throw notFound("pods", name);
  return pod;
}

export function getPod(deps: AppDeps): Handler {
  return (c) => {
    const pod = findPod(deps, c.req.param("namespace")!, c.req.param("name")!);
    if (!wantsTable(c.req.header("accept"))) return c.json(pod);
    return c.json(tableOf([pod], podColumns, (pod) => podRow(pod, deps.clock.now()), {
      include: c.req.query("includeObject"),
    }) as object);
  };
}

export function listPods(deps: AppDeps): Handler {
  const { store, clock } = deps;
  return (c) => {
    const namespace = c.req.param("namespace");
    return answerList<Pod>(c, {
      kind: "PodList",
      resourceVersion: () => store.resourceVersion,
      list: () => merged(store.list<Pod>("Pod", { namespace })),
      watch: (tell) =>
        store.watch(({ type, object, previous }) => {
          if (namespace !== undefined && object.metadata.namespace !== namespace) return;
          tell(type, object as StoreObject as Pod, previous as StoreObject | undefined as Pod | undefined);
        }, { kind: "Pod" }),
      fields,
      columns: podColumns,
      row: (pod) => podRow(pod, clock.now()),
      closing: deps.closing,
      clock,
    });
  };
}

/** By namespace and name, local ones first where a name is there twice. */
function merged(listed: { realm: string; object: Pod }[]): Pod[] {
  const byName = new Map<string, Pod>();
  for (const { realm, object } of listed) {
    const key = `${object.metadata.namespace}/${object.metadata.name}`;
    if (realm === "local" || !byName.has(key)) byName.set(key, object);
  }
  return [...byName].sort(([a], [b]) => a < b ? -1 : a > b ? 1 : 0).map(([, pod]) => pod);
}
