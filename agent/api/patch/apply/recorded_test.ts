/**
 * Writes whose outcome Kubernetes 1.36's own field manager decided (k8s.io/apimachinery 0.36.0, with client-go's published
 * schemas): `testdata/recorded.jsonl` has one object's life a line, made of random small objects. `when` says whether an
 * entry of managedFields has the time of that write, an earlier one, or none.
 */
import assert from "node:assert/strict";
import { ApiError } from "../../status.ts";
import { findKind } from "../../../objects/mod.ts";
import { isMap } from "../json.ts";
import { serverSideApply, trackUpdate } from "./mod.ts";

type Json = Record<string, unknown>;

interface Step {
  op: "update" | "apply";
  manager: string;
  subresource?: string;
  force?: boolean;
  object: Json;
  /** What came of it, or why it was refused. */
  result?: Json & { metadata: Json };
  managedFields?: { when?: "now" | "before" }[];
  error?: string;
}

interface Life {
  apiVersion: string;
  kind: string;
  steps: Step[];
}

const now = "2001-01-01T00:00:00Z", before = "2000-01-01T00:00:00Z";

/** Without what Go's types write though it is nothing. */
function essence(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(essence);
  if (!isMap(value)) return value;
  const fields = Object.entries(value).map(([key, field]) => [key, essence(field)] as const);
  const isNothing = (field: unknown) =>
    field === null || field === "" || field === 0 || field === false ||
    (typeof field === "object" && Object.keys(field as object).length === 0);
  return Object.fromEntries(fields.filter(([, field]) => !isNothing(field)));
}

function written(entries: Json[] | undefined): unknown {
  return (entries ?? []).map(({ time, apiVersion: _, fieldsType, ...entry }) => {
    assert.equal(fieldsType, "FieldsV1");
    return { ...entry, ...(time === undefined ? {} : { when: time === now ? "now" : "before" }) };
  });
}

function perform(step: Step, live: Json | undefined, { apiVersion, kind }: Life): Json & { metadata: Json } {
  const schema = findKind(apiVersion, kind)!.schema();
  const { manager, force = false, subresource = "" } = step;
  const object = { apiVersion, kind, ...step.object };
  const common = { current: live, manager, schema, now: Date.parse(now), subresource };
  return (step.op === "update"
    ? trackUpdate({ ...common, next: object })
    : serverSideApply({ ...common, applied: object, force })) as Json & { metadata: Json };
}

const file = new URL("testdata/recorded.jsonl", import.meta.url);
const lives: Life[] = (await Deno.readTextFile(file)).trim().split("\n").map((line) => JSON.parse(line));

Deno.test("there are recorded lives of many kinds, with conflicts", () => {
  assert.ok(new Set(lives.map(({ kind }) => kind)).size >= 10);
  assert.ok(lives.flatMap(({ steps }) => steps).filter(({ error }) => error).length >= 30);
});

lives.forEach((life, index) => {
  Deno.test(`managedFields of a ${life.kind} come out as Kubernetes' own (${index + 1})`, () => {
    let live: Json | undefined;
    for (const step of life.steps) {
      if (step.error !== undefined) {
        assert.throws(() => perform(step, live, life), (err) => {
          assert.ok(err instanceof ApiError);
          assert.equal(err.code, 409);
          assert.equal(err.message, step.error);
          return true;
        });
        continue;
      }
      const { managedFields, ...metadata } = structuredClone(perform(step, live, life).metadata);
      const { metadata: _, ...rest } = perform(step, live, life);
      // what time they were sorted by, the recording did not keep
      const sorted = (list: unknown) => (list as Json[]).map((entry) => JSON.stringify(sortKeys(entry))).sort();
      assert.deepEqual(sorted(written(managedFields as Json[])), sorted(step.managedFields));
      const object = { apiVersion: life.apiVersion, kind: life.kind, ...step.result! };
      const outcome = essence({ ...rest, metadata: { ...metadata, uid: "u" } });
      assert.deepEqual(outcome, essence(object));
      const entries = (managedFields ?? []) as Json[];
      live = {
        ...object,
        metadata: {
          ...step.result!.metadata,
          ...(entries.length > 0 && { managedFields: entries.map((e) => e.time ? { ...e, time: before } : e) }),
        },
      };
    }
  });
});

function sortKeys(value: unknown): unknown {
  if (!isMap(value)) return value;
  return Object.fromEntries(Object.keys(value).sort().map((key) => [key, sortKeys(value[key])]));
}
