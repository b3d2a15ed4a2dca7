/** Whether something may be made in a namespace: it is there and not ending (kube-apiserver's NamespaceLifecycle). */
import type { Namespace } from "../../objects/mod.ts";
import type { AppDeps } from "../deps.ts";
import { type About, forbidden, notFoundOf } from "./errors.ts";

export function requireNamespace(
  { store }: Pick<AppDeps, "store">,
  namespace: string,
  about: About,
  name: string,
): void {
  const found = store.get<Namespace>("local", "Namespace", "", namespace) ??
    store.get<Namespace>("control-plane", "Namespace", "", namespace);
  if (!found) throw notFoundOf({ group: "", plural: "namespaces" }, namespace);
  if (!found.metadata.deletionTimestamp) return;
  const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
  throw forbidden(about, name, why, [{
    reason: "NamespaceTerminating",
    message: `namespace ${namespace} is being terminated`,
    field: "metadata.namespace",
  }]);
}
