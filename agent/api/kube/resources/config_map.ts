/** ConfigMaps. */
import type { ConfigMap } from "../../../objects/mod.ts";
import type { Backend, Resource } from "../types.ts";
import { ageColumn, ageOf, integer, nameColumn } from "./columns.ts";
import { allVerbs } from "./verbs.ts";

export function configMaps(backend: Backend<ConfigMap>): Resource<ConfigMap> {
  return {
    group: "",
    version: "v1",
    kind: "ConfigMap",
    plural: "configmaps",
    singular: "configmap",
    shortNames: ["cm"],
    namespaced: true,
    verbs: allVerbs,
    backend,
    printer: {
      columns: [nameColumn, integer("Data", "Number of entries."), ageColumn],
      cells: (object, now) => [
        object.metadata.name,
        Object.keys(object.data ?? {}).length + Object.keys(object.binaryData ?? {}).length,
        ageOf(object, now),
      ],
    },
  };
}
