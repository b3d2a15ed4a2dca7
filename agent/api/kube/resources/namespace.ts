/**
 * Namespaces. One that is deleted is marked, and goes when the namespace controller has emptied it; one that holds
 * objects of the manifest directory is not deleted at all: the files would bring it back.
 */
import { kinds, type Namespace } from "../../../objects/mod.ts";
import { fileOf, isFromFile } from "../../../sources/mod.ts";
import type { ObjectStore, StoreObject } from "../../../store/mod.ts";
import { conflict, forbidden } from "../errors.ts";
import type { Backend, Resource } from "../types.ts";
import { ageColumn, ageOf, nameColumn, text } from "./columns.ts";

const about = { group: "", plural: "namespaces" };

/** Namespaces that are always there. */
const lasting = new Set(["default", "kube-system", "kube-public"]);

export function namespaces(backend: Backend<Namespace>, store: Pick<ObjectStore, "list">): Resource<Namespace> {
  return {
    ...about,
    version: "v1",
    kind: "Namespace",
    singular: "namespace",
    shortNames: ["ns"],
    namespaced: false,
    // no deletecollection, as in kube-apiserver
    verbs: ["get", "list", "watch", "create", "update", "patch", "delete"],
    backend,
    hasStatus: true,
    fields: { name: ({ metadata }) => metadata.name, "status.phase": ({ status }) => status?.phase },
    strategy: {
      prepareForCreate(object) {
        const finalizers = object.spec?.finalizers ?? [];
        object.spec = { finalizers: finalizers.includes("kubernetes") ? finalizers : [...finalizers, "kubernetes"] };
        object.status = { phase: "Active" };
        return object;
      },
      prepareForUpdate: (object, current) => ({ ...object, spec: current.spec }),
      remove(namespace) {
        const { name } = namespace.metadata;
        if (lasting.has(name)) throw forbidden(about, name, "this namespace may not be deleted");
        const files = manifestFiles(store, namespace);
        if (files.length > 0) {
          throw conflict(
            about,
            name,
            `it holds what the manifest directory brings back; remove these files first: ${files.join(", ")}`,
          );
        }
        return { graceSeconds: 0 };
      },
      ownerRemoves: true,
    },
    printer: {
      columns: [nameColumn, text("Status", "The status of the namespace"), ageColumn],
      cells: (object, now) => [object.metadata.name, object.status?.phase ?? "Active", ageOf(object, now)],
    },
  };
}

/** Files that would bring the namespace back, or something in it. */
function manifestFiles(store: Pick<ObjectStore, "list">, namespace: Namespace): string[] {
  const { name } = namespace.metadata;
  const inside = kinds.filter(({ namespaced }) => namespaced).flatMap(({ kind }) =>
    store.list<StoreObject>(kind, { realm: "local", namespace: name }).map(({ object }) => object)
  );
  const found = [namespace as StoreObject, ...inside].filter(isFromFile);
  return [...new Set(found.map((object) => fileOf(object) ?? "?"))].sort();
}
