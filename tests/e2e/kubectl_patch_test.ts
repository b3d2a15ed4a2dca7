/**
 * Patches against kubectl's own: `kubectl patch --local` works them out without a server, with the code that kube-apiserver
 * uses. Random pods and patches; both must come to the same, or both refuse.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { findKind } from "../../agent/objects/mod.ts";
import { applyPatch, type PatchKind } from "../../agent/api/patch/mod.ts";
import { essence, pods, strategicPatches } from "../../agent/api/patch/testing.ts";
import { Kubectl, type KubectlVersion } from "../support/kubectl.ts";

const schema = findKind("v1", "Pod")!.schema();

const paths = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      "/spec/schedulerName",
      "/spec/containers/0/image",
      "/spec/containers/-1/name",
      "/spec/new~1field",
    ),
  },
  fc.constantFrom(
    "/metadata/labels",
    "/metadata/labels/a",
    "/metadata/finalizers/0",
    "/metadata/finalizers/-",
    "/metadata/finalizers/-1",
    "/spec/containers/1",
    "/spec/containers/0/env/0",
    "/spec/none/none",
  ),
);
const values = fc.constantFrom<unknown[]>("x", 1, { a: "1" }, ["f/9"]);
const jsonPatches = fc.array(
  fc.oneof(
    fc.record({ op: fc.constantFrom("add", "replace"), path: paths, value: values }),
    fc.record({ op: fc.constant("remove"), path: paths }),
    fc.record({ op: fc.constantFrom("move", "copy"), path: paths, from: paths }),
    fc.record({ op: fc.constant("test"), path: fc.constant("/metadata/labels/a"), value: fc.constantFrom("1", "2") }),
  ),
  { minLength: 1, maxLength: 3 },
);

const patches: Record<PatchKind, fc.Arbitrary<unknown>> = {
  json: jsonPatches,
  merge: strategicPatches.map((patch) =>
    JSON.parse(JSON.stringify(patch, (key, value) => key[0] === "$" ? undefined : value))
  ),
  strategic: strategicPatches,
};

function ours(kind: PatchKind, pod: object, patch: unknown): unknown {
  try {
    return essence(applyPatch(kind, pod, patch, schema));
  } catch (err) {
    const { code, message } = err as { code?: number; message: string };
    assert.ok(code === 400 || code === 422, message);
    return "refused";
  }
}

/** kubectl leaves directives where there was nothing to merge with. */
function withoutDirectives(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDirectives).filter((item) => item !== undefined);
  if (typeof value !== "object" || value === null) return value;
  if ("$patch" in value) return undefined;
  const fields = Object.entries(value).filter(([key]) => !key.startsWith("$"));
  const kept = fields.map(([key, field]) => [key, withoutDirectives(field)] as const);
  return Object.fromEntries(kept.filter(([, field]) => field !== undefined));
}

async function theirs(kubectl: Kubectl, kind: PatchKind, pod: object, patch: unknown): Promise<unknown> {
  const text = JSON.stringify(patch);
  const { code, stdout, stderr } = await kubectl.feed(
    JSON.stringify(pod),
    ...["patch", "--local", "-f", "-", "--type", kind, "-p", text, "-o", "json"],
  );
  if (code === 0) return essence(withoutDirectives(JSON.parse(stdout)));
  assert.doesNotMatch(stderr, /unknown (flag|command)|connection refused/);
  return "refused";
}

/** The newest for all, and the oldest for what has not changed since (JSON patches are taken more leniently today). */
const runs: [KubectlVersion, PatchKind][] = [
  ["1.36", "json"],
  ["1.36", "merge"],
  ["1.36", "strategic"],
  ["1.20", "merge"],
  ["1.20", "strategic"],
];

for (const [version, kind] of runs) {
  Deno.test(`${kind} patches come out as kubectl ${version} works them out`, async () => {
    const kubectl = await Kubectl.get(version, {});
    let made = 0;
    await fc.assert(
      fc.asyncProperty(pods, patches[kind], async (pod, patch) => {
        const expected = await theirs(kubectl, kind, pod, patch);
        assert.deepEqual(ours(kind, pod, patch), expected);
        if (expected !== "refused") made++;
      }),
      { numRuns: 30, seed: Number(Deno.env.get("ISLET_PROPERTY_SEED") ?? 20260101) },
    );
    assert.ok(made > 1, `only ${made} of 30 patches could be made`);
  });
}
