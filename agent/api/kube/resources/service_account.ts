/** ServiceAccounts. */
import type { ServiceAccount } from "../../../objects/mod.ts";
import type { Backend, Resource, Subresource } from "../types.ts";
import { ageColumn, ageOf, integer, nameColumn } from "./columns.ts";
import { allVerbs } from "./verbs.ts";

export function serviceAccounts(
  backend: Backend<ServiceAccount>,
  subresources: Readonly<Record<string, Subresource>> = {},
): Resource<ServiceAccount> {
  return {
    group: "",
    version: "v1",
    kind: "ServiceAccount",
    plural: "serviceaccounts",
    singular: "serviceaccount",
    shortNames: ["sa"],
    namespaced: true,
    verbs: allVerbs,
    backend,
    strategy: { returnsDeleted: true, needsVersion: true },
    subresources,
    printer: {
      columns: [nameColumn, integer("Secrets", "Number of Secrets that the account names."), ageColumn],
      cells: (object, now) => [object.metadata.name, object.secrets?.length ?? 0, ageOf(object, now)],
    },
  };
}
