/**
 * Namespaces. One that is deleted is marked, and goes when the namespace controller has emptied it; one that holds pods
 * of the manifest directory is not deleted at all: the files would bring it back.
 */
import type { Namespace } from "../../../objects/mod.ts";
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
      remove({ metadata: { name } }) {
        if (lasting.has(name)) throw forbidden(about, name, "this namespace may not be deleted");
        const files = manifestFiles(store, name);
        if (files.length > 0) {
          throw conflict(
            about,
            name,
            `it holds pods of the manifest directory; remove their files first: ${files.join(", ")}`,
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

function manifestFiles(store: Pick<ObjectStore, "list">, namespace: string): string[] {
  const pods = store.list<StoreObject>("Pod", { realm: "local", namespace }).map(({ object }) => object);
  return [...new Set(pods.filter(isFromFile).map((pod) => fileOf(pod) ?? "?"))].sort();
}
