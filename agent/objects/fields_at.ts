/** The fields that a schema knows at a place, for who has mistyped one. Pure. */
import type { PathStep } from "./field_path.ts";
import { type Definition, definitionOf, type z } from "./schema.ts";

type Schema = z.core.$ZodType;

/** Names of the fields of the mapping at `steps`; none where any key may be. */
export function fieldsAt(schema: Schema, steps: readonly PathStep[]): string[] {
  let at: Definition | undefined = plain(schema);
  for (const step of steps) {
    const next: Schema | undefined = at?.shape?.[step] ?? at?.element ?? at?.valueType;
    at = next && plain(next);
  }
  return Object.keys(at?.shape ?? {});
}

/** What is behind `optional` and its like. */
function plain(schema: Schema): Definition {
  const definition = definitionOf(schema);
  const inner = definition.innerType ?? definition.getter?.();
  return inner ? plain(inner) : definition;
}
