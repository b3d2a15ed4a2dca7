/** The shapes that an answer can have besides the object itself: rows of a Table, and metadata alone. */
import type { Form } from "./negotiate.ts";
import type { ApiObject, Printer, Resource } from "./types.ts";

export type IncludeObject = "None" | "Metadata" | "Object";

export interface ShapeOptions {
  form: Form;
  include: IncludeObject;
  now: number;
}

/** What a Table shows of a kind that has no columns of its own. */
const plain: Printer = {
  columns: [
    { name: "Name", type: "string", format: "name", description: "Name must be unique within a namespace." },
    { name: "Created At", type: "date", description: "When the object was created." },
  ],
  cells: ({ metadata }) => [metadata.name, metadata.creationTimestamp ?? null],
};

export function includeOf(text: string | null): IncludeObject {
  return text === "None" || text === "Object" ? text : "Metadata";
}

/** meta.k8s.io Table of some objects. Rows after the first of a watch come without the definitions. */
export function tableOf<T extends ApiObject>(
  resource: Pick<Resource<T>, "printer">,
  objects: readonly T[],
  { form, include, now }: ShapeOptions,
  { metadata = {}, headers = true }: { metadata?: Record<string, unknown>; headers?: boolean } = {},
): object {
  const { columns, cells } = resource.printer ?? plain as Printer<T>;
  return {
    kind: "Table",
    apiVersion: `meta.k8s.io/${form.version}`,
    metadata,
    columnDefinitions: headers
      ? columns.map(({ name, type, format = "", description, priority = 0 }) => ({
        name,
        type,
        format,
        description,
        priority,
      }))
      : [],
    rows: objects.map((object) => ({
      cells: cells(object, now),
      ...(include === "None" ? {} : { object: include === "Object" ? object : partial(object, form.version) }),
    })),
  };
}

/** PartialObjectMetadata of an object. */
export function partial({ metadata }: ApiObject, version: Form["version"] = "v1"): object {
  return { kind: "PartialObjectMetadata", apiVersion: `meta.k8s.io/${version}`, metadata };
}

/** One object in the form that the client takes. */
export function shaped<T extends ApiObject>(resource: Resource<T>, object: T, options: ShapeOptions): object {
  switch (options.form.as) {
    case "Table":
      return tableOf(resource, [object], options, {
        metadata: { resourceVersion: object.metadata.resourceVersion },
      });
    case "PartialObjectMetadata":
      return partial(object, options.form.version);
    default:
      return object;
  }
}
