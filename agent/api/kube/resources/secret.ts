/** Secrets. */
import type { Secret } from "../../../objects/mod.ts";
import type { Backend, Resource } from "../types.ts";
import { ageColumn, ageOf, integer, nameColumn, text } from "./columns.ts";
import { allVerbs } from "./verbs.ts";

export function secrets(backend: Backend<Secret>): Resource<Secret> {
  return {
    group: "",
    version: "v1",
    kind: "Secret",
    plural: "secrets",
    singular: "secret",
    namespaced: true,
    verbs: allVerbs,
    backend,
    fields: { type: ({ type }) => type },
    printer: {
      columns: [
        nameColumn,
        text("Type", "Used to facilitate programmatic handling of secret data."),
        integer("Data", "Number of entries."),
        ageColumn,
      ],
      cells: (object, now) => [
        object.metadata.name,
        object.type ?? "Opaque",
        Object.keys(object.data ?? {}).length,
        ageOf(object, now),
      ],
    },
  };
}
