/** The fields that a schema knows at a place, for who has mistyped one. Pure. */
import type { PathStep } from "./field_path.ts";
import type { z } from "./schema.ts";

type Schema = z.core.$ZodType;

/** The parts of zod's definitions that are read here. */
interface Definition {
  type: string;
  innerType?: Schema;
  shape?: Readonly<Record<string, Schema>>;
  element?: Schema;
  valueType?: Schema;
  getter?: () => Schema;
}

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
  const definition = schema._zod.def as unknown as Definition;
  const inner = definition.innerType ?? definition.getter?.();
  return inner ? plain(inner) : definition;
}
