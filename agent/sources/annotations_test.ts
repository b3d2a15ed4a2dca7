import assert from "node:assert/strict";
import { identityHash as hashOfSpec, parseManifest } from "../objects/mod.ts";
import {
  annotate,
  configHash,
  configSource,
  keepSource,
  manifestHash,
  movedTo,
  sourceFile,
  specHash,
} from "./annotations.ts";
import { configMap, pod } from "./testing.ts";

const identityHash = (object: ReturnType<typeof pod>) => hashOfSpec(object.spec);

const hashes = (object: ReturnType<typeof pod>) => {
  const annotations = annotate(object, "/m/a.yaml").metadata.annotations!;
  return { spec: annotations[specHash], manifest: annotations[manifestHash], config: annotations[configHash] };
};

Deno.test("annotate() hashes what the manifest says, whatever the order of keys and the file", () => {
  const a = pod("web", { hostname: "h", tty: undefined });
  const b = { kind: "Pod", spec: { hostname: "h", ...a.spec as object }, metadata: a.metadata, apiVersion: "v1" };
  assert.deepEqual(hashes(a), hashes(b));
  assert.equal(
    annotate(a, "/m/a.yaml").metadata.annotations![manifestHash],
    annotate(a, "/m/b.yaml").metadata.annotations![manifestHash],
  );
  assert.notEqual(hashes(a).manifest, hashes(pod("web")).manifest);
});

Deno.test("annotate() does not let a manifest set uid, resourceVersion, status or the source's annotations", () => {
  const given = pod("web", {}, { uid: "x", resourceVersion: "1", annotations: { [specHash]: "forged", mine: "1" } });
  const { metadata, ...rest } = annotate({ ...given, status: { phase: "Failed" } }, "/m/a.yaml");
  assert.deepEqual([metadata.uid, metadata.resourceVersion, "status" in rest], [undefined, undefined, false]);
  assert.equal(metadata.annotations!.mine, "1");
  assert.equal(metadata.annotations![specHash], identityHash(given));
  assert.deepEqual(hashes(given).config, hashes(given).spec);
});

Deno.test("identityHash() stays for edits that are applied in place, and changes for others", () => {
  const base = identityHash(pod("web"));
  const same = [
    pod("web", { containers: [{ name: "main", image: "web:2" }] }),
    pod("web", { tolerations: [{ operator: "Exists" }] }),
    pod("web", { activeDeadlineSeconds: 5 }),
    pod("web", { nodeName: "other" }),
    pod("web", {}, { labels: { a: "b" } }),
  ];
  for (const one of same) assert.equal(identityHash(one), base, JSON.stringify(one.spec));
  const other = [
    pod("web", { containers: [{ name: "other", image: "web:1" }] }),
    pod("web", { containers: [{ name: "main", image: "web:1", command: ["x"] }] }),
    pod("web", { initContainers: [{ name: "i", image: "x" }] }),
    pod("web", { hostNetwork: true }),
  ];
  for (const one of other) assert.notEqual(identityHash(one), base, JSON.stringify(one.spec));
});

Deno.test("annotate() gives only pods a spec hash", () => {
  assert.equal(annotate(configMap("c"), "/m/a.yaml").metadata.annotations![specHash], undefined);
});

Deno.test("annotate() hashes what was written, not what a release makes of it by its defaults", () => {
  const text = JSON.stringify(pod("web"));
  const { objects: [object], hashes: [given] } = parseManifest(text, { file: "a.yaml" });
  const read = object as unknown as ReturnType<typeof pod>;
  const later = { ...read, spec: { ...read.spec as object, enableServiceLinks: false, dnsPolicy: "Default" } };
  const of = (one: typeof read) => annotate(one, "/m/a.yaml", given).metadata.annotations;
  assert.deepEqual(of(later), of(read));
  assert.deepEqual([of(read)![manifestHash], of(read)![specHash]], [given.manifest, given.identity]);
  assert.notEqual(annotate(later, "/m/a.yaml").metadata.annotations![manifestHash], given.manifest);
});

Deno.test("movedTo() changes the file's name and nothing else", () => {
  const { spec, manifest } = hashes(pod("web"));
  const moved = movedTo({ ...annotate(pod("web"), "/m/a.yaml"), spec: { nodeName: "edge" } }, "/m/b.yaml");
  const annotations = moved.metadata.annotations!;
  assert.deepEqual(
    [annotations[sourceFile], annotations[specHash], annotations[manifestHash]],
    ["/m/b.yaml", spec, manifest],
  );
});

Deno.test("keepSource() lets nobody else say where an object comes from", () => {
  assert.deepEqual(keepSource({ a: "1" }), { a: "1" });
  assert.equal(keepSource(undefined), undefined);
  assert.deepEqual(keepSource({ a: "1", [configSource]: "file", [sourceFile]: "/forged" }), { a: "1" });
  assert.equal(keepSource({ [sourceFile]: "/forged" }), undefined);
  const current = { b: "2", [configSource]: "file", [sourceFile]: "/m/a.yaml" };
  assert.deepEqual(keepSource({ a: "1", [sourceFile]: "/forged" }, current), {
    a: "1",
    [configSource]: "file",
    [sourceFile]: "/m/a.yaml",
  });
});
