/**
 * From client-side to server-side apply. `kubectl apply` leaves what it applied in an annotation; `kubectl apply
 * --server-side` may take over, without conflicts, the fields that it applied so and nobody changed since, and keeps the
 * annotation up to date, so that either way works from then on.
 */
import { canonicalJson } from "../../../objects/equality.ts";
import { field, isMap, type JsonMap } from "../json.ts";
import type { TypeView } from "../schema_view.ts";
import { compare } from "./compare.ts";
import { FieldSet } from "./field_set.ts";
import { fieldsOf } from "./field_walk.ts";
import type { Conflict } from "./ownership.ts";
import { shapeProblems } from "./validate.ts";

const annotation = "kubectl.kubernetes.io/last-applied-configuration";
const mostAnnotations = 256 * 1024;

/** The manager that this is done for. */
export const kubectlManager = "kubectl";

function annotationsOf(object: unknown): JsonMap {
  const metadata = isMap(object) ? object.metadata : undefined;
  const annotations = isMap(metadata) ? metadata.annotations : undefined;
  return isMap(annotations) ? annotations : {};
}

/** The conflicts that are more than kubectl taking over its own fields. */
export function foreignConflicts(conflicts: readonly Conflict[], live: JsonMap, view: TypeView): readonly Conflict[] {
  const own = lastApplied(live, view);
  return own ? conflicts.filter(({ path }) => !FieldSet.of([path]).difference(own).isEmpty) : conflicts;
}

/** The fields of the annotation that are still as it says; undefined without a readable one. */
function lastApplied(live: JsonMap, view: TypeView): FieldSet | undefined {
  const text = annotationsOf(live)[annotation];
  if (typeof text !== "string" || text === "") return undefined;
  let config: unknown;
  try {
    config = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isMap(config) || config.apiVersion !== live.apiVersion || shapeProblems(config, view).length > 0) {
    return undefined;
  }
  const { added, modified, removed } = compare(config, live, view);
  return fieldsOf(config, view).difference(modified).difference(added).difference(removed);
}

/** Writes what was applied into the annotation, when the object has one. Changes `object`, which is a copy. */
export function updateLastApplied(object: JsonMap, config: JsonMap): void {
  const annotations = annotationsOf(object);
  const before = field(annotations, annotation);
  if (typeof before !== "string" || before === "") return;
  annotations[annotation] = `${canonicalJson(withoutAnnotation(config))}\n`;
  const encoder = new TextEncoder();
  let size = 0;
  for (const [key, value] of Object.entries(annotations)) size += encoder.encode(`${key}${value}`).length;
  if (size > mostAnnotations) delete annotations[annotation];
}

function withoutAnnotation(config: JsonMap): JsonMap {
  if (!isMap(config.metadata) || !isMap(config.metadata.annotations)) return config;
  const { [annotation]: _, ...annotations } = config.metadata.annotations;
  return { ...config, metadata: { ...config.metadata, annotations } };
}
