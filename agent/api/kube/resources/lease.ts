/** Leases: renewed every few seconds, so kept in memory. */
import type { Lease } from "../../../objects/mod.ts";
import type { Backend, Resource } from "../types.ts";
import { ageColumn, ageOf, nameColumn, text } from "./columns.ts";
import { allVerbs } from "./verbs.ts";

export function leases(backend: Backend<Lease>): Resource<Lease> {
  return {
    group: "coordination.k8s.io",
    version: "v1",
    kind: "Lease",
    plural: "leases",
    singular: "lease",
    namespaced: true,
    verbs: allVerbs,
    backend,
    strategy: { createOnUpdate: true, needsVersion: true },
    printer: {
      columns: [nameColumn, text("Holder", "Identity of who holds the lease."), ageColumn],
      cells: (object, now) => [object.metadata.name, object.spec?.holderIdentity ?? "", ageOf(object, now)],
    },
  };
}
