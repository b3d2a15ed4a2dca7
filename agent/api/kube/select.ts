/** Which objects of a resource a request is about: its namespace and its selectors. */
import { fieldSelector } from "./field_selector.ts";
import { labelSelector } from "./label_selector.ts";
import type { ListOptions } from "./options.ts";
import type { ApiObject, Resource } from "./types.ts";

/** A predicate over the objects of a resource; throws a 400 for a selector that cannot be read. */
export function selection<T extends ApiObject>(
  resource: Resource<T>,
  namespace: string | undefined,
  options: Pick<ListOptions, "labelSelector" | "fieldSelector">,
): (object: T) => boolean {
  const byLabels = labelSelector(options.labelSelector);
  const byFields = fieldSelector<T>(options.fieldSelector, {
    "metadata.name": ({ metadata }) => metadata.name,
    "metadata.namespace": ({ metadata }) => metadata.namespace,
    ...resource.fields,
  }, resource.fields ? undefined : plainFields);
  return (object) =>
    (namespace === undefined || object.metadata.namespace === namespace) &&
    byLabels(object.metadata.labels) && byFields(object);
}

/** Kinds without fields of their own say it in other words. */
function plainFields(field: string): string {
  return `${JSON.stringify(field)} is not a known field selector: only "metadata.name", "metadata.namespace"`;
}

/** The namespace of a list: undefined for all. */
export function scopeOf({ namespaced }: Pick<Resource, "namespaced">, namespace: string): string | undefined {
  return namespaced && namespace !== "" ? namespace : undefined;
}
