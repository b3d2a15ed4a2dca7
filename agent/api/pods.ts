/** Looking up a pod. One of the machine's own hides one of the same name from a control plane. */
import type { Pod } from "../objects/mod.ts";
import type { AppDeps } from "./deps.ts";
import { notFound } from "./status.ts";

/** The pod of that name; throws a 404. */
export function findPod({ store }: Pick<AppDeps, "store">, namespace: string, name: string): Pod {
  const pod = store.get<Pod>("local", "Pod", namespace, name) ??
    store.get<Pod>("control-plane", "Pod", namespace, name);
  if (!pod) throw notFound("pods", name);
  return pod;
}
