import assert from "node:assert/strict";
import fc from "fast-check";
import * as z from "zod/mini";
import { BadInput, readApiObject } from "./api_input.ts";
import { defaultObject } from "./defaults/mod.ts";
import { allKinds } from "./kinds.ts";
import { validateCreate, validateStatusUpdate, validateUpdate } from "./validation/update/mod.ts";
import { FieldErrors } from "./field_error.ts";

type Schema = z.core.$ZodType;

/** Values for a schema: mostly of the right shape, now and then something else altogether. */
function valuesOf(given: Schema, depth: number): fc.Arbitrary<unknown> {
  const schema = given instanceof z.ZodMiniOptional ? given.def.innerType : given;
  const right = rightValues(schema, depth);
  return fc.oneof({ weight: 30, arbitrary: right }, { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 2 }) });
}

const words = fc.oneof(
  fc.constantFrom("", "a", "web", "a/b", "10.0.0.1", "10.0.0.0/8", "1Gi", "-5", "*", "..", "A_B", "x".repeat(300)),
  fc.string({ maxLength: 8 }),
);

function rightValues(schema: Schema, depth: number): fc.Arbitrary<unknown> {
  if (schema instanceof z.ZodMiniObject) {
    const shape = schema.shape as Record<string, Schema>;
    if (depth > 7) return fc.constant({});
    // few fields at a time, so that rules about one are not hidden by others
    const names = fc.subarray(Object.keys(shape), { maxLength: Math.min(6, Object.keys(shape).length) });
    return names.chain((some) =>
      fc.record(Object.fromEntries(some.map((name) => [name, valuesOf(shape[name], depth + 1)])))
    );
  }
  if (schema instanceof z.ZodMiniArray) return fc.array(valuesOf(schema.def.element, depth + 1), { maxLength: 3 });
  if (schema instanceof z.ZodMiniRecord) {
    return fc.dictionary(words, valuesOf(schema.def.valueType, depth + 1), { maxKeys: 2 });
  }
  if (schema instanceof z.ZodMiniEnum) return fc.constantFrom("", ...Object.values(schema.def.entries));
  if (schema instanceof z.ZodMiniBoolean) return fc.boolean();
  if (schema instanceof z.ZodMiniString) return words;
  if (schema instanceof z.ZodMiniUnknown) return fc.jsonValue({ maxDepth: 1 });
  return fc.oneof(fc.integer(), words, fc.constantFrom(0, 1, 80, "2026-01-01T00:00:00Z", 2 ** 40));
}

Deno.test("whatever a client sends is read and judged, or refused, and reading it again changes nothing", () => {
  let judged = 0;
  for (const { apiVersion, kind, schema, namespaced } of allKinds) {
    const options = { apiVersion, kind };
    const clone = <T>(value: T): T => JSON.parse(JSON.stringify(value));
    fc.assert(
      fc.property(rightValues(schema(), 0), (value) => {
        const sent = { ...(clone(value) as object), apiVersion, kind };
        let input;
        try {
          input = readApiObject(clone(sent), options);
        } catch (err) {
          assert.ok(err instanceof BadInput, String(err));
          return;
        }
        judged++;
        const { object } = input;
        if (namespaced) object.metadata.namespace ??= "default";
        const again = readApiObject(clone(object), options);
        assert.deepEqual(clone(again.object), clone(object));
        assert.deepEqual(again.warnings, []);
        defaultObject(object);
        input.validate();
        const twice = clone(object);
        defaultObject(twice);
        assert.deepEqual(twice, clone(object), "defaults of defaults");
        const errors = new FieldErrors();
        validateCreate(object, errors);
        const own = new FieldErrors();
        validateUpdate(object, object, own);
        validateUpdate(object, defaulted(clone(again.object)), errors);
        validateStatusUpdate(object, object, errors);
        assert.deepEqual(own.errors.filter(({ message }) => message.startsWith("Forbidden: pod updates")), []);
      }),
      { numRuns: 60 },
    );
  }
  assert.ok(judged > 300, String(judged));
});

function defaulted<T extends Parameters<typeof defaultObject>[0]>(object: T): T {
  defaultObject(object);
  return object;
}
