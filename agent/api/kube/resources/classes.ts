/** PriorityClasses, of which the system's own two are always there, and RuntimeClasses. */
import type { PriorityClass, RuntimeClass } from "../../../objects/mod.ts";
import { systemPriorities } from "../../../objects/mod.ts";
import { forbidden } from "../errors.ts";
import type { Backend, Resource } from "../types.ts";
import { ageColumn, ageOf, integer, nameColumn, text } from "./columns.ts";
import { allVerbs } from "./verbs.ts";

const about = { group: "scheduling.k8s.io", plural: "priorityclasses" };

export function priorityClasses(backend: Backend<PriorityClass>): Resource<PriorityClass> {
  return {
    ...about,
    version: "v1",
    kind: "PriorityClass",
    singular: "priorityclass",
    shortNames: ["pc"],
    namespaced: false,
    verbs: allVerbs,
    backend,
    strategy: {
      remove({ metadata: { name } }) {
        if (Object.hasOwn(systemPriorities, name)) {
          throw forbidden(about, name, "this is a system priority class and cannot be deleted");
        }
        return undefined;
      },
    },
    printer: {
      columns: [
        nameColumn,
        integer("Value", "The priority that pods of this class get."),
        { name: "Global-Default", type: "boolean", description: "Whether pods without a class get this one." },
        ageColumn,
        text("PreemptionPolicy", "Whether pods of this class make room for themselves."),
      ],
      cells: (object, now) => [
        object.metadata.name,
        object.value,
        object.globalDefault ?? false,
        ageOf(object, now),
        object.preemptionPolicy ?? "",
      ],
    },
  };
}

/** The classes that every cluster has, as they are written at the first start. */
export function systemPriorityClasses(): PriorityClass[] {
  const what: Readonly<Record<string, string>> = {
    "system-cluster-critical":
      "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.",
    "system-node-critical": "Used for system critical pods that must not be moved from their current node.",
  };
  return Object.entries(systemPriorities).map(([name, value]) => ({
    apiVersion: "scheduling.k8s.io/v1",
    kind: "PriorityClass",
    metadata: { name },
    value,
    description: what[name],
    preemptionPolicy: "PreemptLowerPriority",
  }));
}

export function runtimeClasses(backend: Backend<RuntimeClass>): Resource<RuntimeClass> {
  return {
    group: "node.k8s.io",
    version: "v1",
    kind: "RuntimeClass",
    plural: "runtimeclasses",
    singular: "runtimeclass",
    namespaced: false,
    verbs: allVerbs,
    backend,
    strategy: { needsVersion: true },
    printer: {
      columns: [nameColumn, text("Handler", "What the container runtime calls it."), ageColumn],
      cells: (object, now) => [object.metadata.name, object.handler, ageOf(object, now)],
    },
  };
}
