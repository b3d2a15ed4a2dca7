import assert from "node:assert/strict";
import { describeFlags } from "./flags.ts";
import { defaultSettings } from "./settings.ts";
import { allFields, fieldsByFlag } from "./table.ts";

Deno.test("every field has a flag of its own, but for islet's words for a field of kubelet's", () => {
  const byFlag = fieldsByFlag();
  const without = allFields.filter((field) => !field.flags.some((flag) => byFlag.get(flag) === field));
  assert.deepEqual(without.map(({ path }) => path), [
    "network.podCIDR",
    "network.clusterDNS",
    "network.clusterDomain",
    "logging.format",
  ]);
  for (const { sets, kind } of without) {
    assert.ok(allFields.some((field) => field.sets === sets && field.kind !== kind && field.flags.length > 0));
  }
});

Deno.test("no two fields claim the same flag, and flags are well-formed", () => {
  const flags = allFields.flatMap((field) => field.flags);
  assert.deepEqual(flags.filter((flag, at) => flags.indexOf(flag) !== at), []);
  for (const flag of flags) assert.match(flag, /^[a-z0-9]+(-[a-z0-9]+)*$/);
});

Deno.test("no two fields of a document have the same path, and none lies inside another", () => {
  for (const kind of new Set(allFields.map((field) => field.kind))) {
    const paths = allFields.filter((field) => field.kind === kind).map(({ path }) => path);
    assert.deepEqual(paths.filter((path, at) => paths.indexOf(path) !== at), []);
    assert.deepEqual(paths.filter((path) => paths.some((other) => other.startsWith(`${path}.`))), []);
  }
});

Deno.test("every setting can be set by a flag, and what sets one has help", () => {
  const byFlag = [...fieldsByFlag().values()];
  const settings = Object.keys(defaultSettings());
  assert.deepEqual(settings.filter((setting) => !byFlag.some(({ sets }) => sets === setting)), []);
  assert.deepEqual(byFlag.filter(({ sets, help }) => sets && !help).map(({ path }) => path), []);
});

Deno.test("every field of the three documents is there", () => {
  const count = (kind: string) => allFields.filter((field) => field.kind === kind).length;
  // KubeletConfiguration 1.36 has 128 leaf fields, 5 of them in logging and 2 in tracing besides;
  // KubeProxyConfiguration 47, with 5 in clientConnection and 5 in logging.
  assert.equal(count("KubeletConfiguration"), 135);
  assert.equal(count("KubeProxyConfiguration"), 57);
});

Deno.test("describeFlags() lists flags that do something, with their defaults, within the width", () => {
  const text = describeFlags({ width: 100 });
  assert.match(text, /^ {2}--max-pods int\n {6}number of pods that can run \(default 110\)$/m);
  assert.match(text, /^ {2}--node-name string\n.*\(also --hostname-override\)$/m);
  assert.match(text, /^ {2}-v, --v int$/m);
  assert.match(text, /\(default 20s\)/);
  assert.doesNotMatch(text, /--kubeconfig|--registry-qps|undefined|\[object/);
  const some = describeFlags({ only: ["max-pods", "run-dir"] });
  assert.deepEqual([...some.matchAll(/^ {2}--(\S+)/gm)].map(([, name]) => name), ["max-pods", "run-dir"]);
  for (const line of text.split("\n")) assert.ok(line.length <= 100 || !line.trim().includes(" "), line);
});
