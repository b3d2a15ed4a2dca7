import assert from "node:assert/strict";
import { parseManifest, problemText } from "./parse.ts";

const file = "web.yaml";
const lines = (text: string, strict = false) => parseManifest(text, { file, strict }).errors.map(problemText);

const pod = (name: string) =>
  `apiVersion: v1
kind: Pod
metadata: {name: ${name}}
spec:
  containers:
  - name: web
    image: web:1
`;

Deno.test("parseManifest() says everything that is wrong with a file, in the order of its lines", () => {
  const text = `apiVersion: v1
kind: Pod
metadata:
  name: web
spec:
  containers:
  - name: Web_1
    image: 5
    ports: [{containerPort: 80000}]
    volumeMounts:
    - {name: nope, mountPath: /a}
  restartPolicy: Sometimes
  volumes:
  - name: v
    nfs:
      server: a
---
apiVersion: apps/v1
kind: Deployment
`;
  const label =
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
  assert.deepEqual(lines(text), [
    `web.yaml:7:11: spec.containers[0].name: Invalid value: "Web_1": ${label}`,
    `web.yaml:8:12: spec.containers[0].image: Invalid value: 5: must be a string, not a number: put it in quotes`,
    `web.yaml:9:29: spec.containers[0].ports[0].containerPort: Invalid value: 80000: must be between 1 and 65535, inclusive`,
    `web.yaml:11:14: spec.containers[0].volumeMounts[0].name: Not found: "nope"`,
    `web.yaml:12:18: spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "Never", "OnFailure"`,
    `web.yaml:15:5: spec.volumes[0].nfs: Forbidden: nfs volumes are not supported by islet`,
    `web.yaml:19:7: kind: no kind "Deployment" is registered for version "apps/v1": a control plane's controllers make its pods, and this node is on its own; write a Pod with what spec.template has`,
  ]);
});

Deno.test("parseManifest() points at unknown fields themselves: warnings, or errors when strict", () => {
  const text = `${pod("web")}    livenessprobe:\n      httpGet: {port: 80}\n  hostnetwork: true\n`;
  const { objects, errors, warnings } = parseManifest(text, { file });
  assert.equal(objects.length, 1);
  assert.deepEqual(errors, []);
  const expected = [
    `web.yaml:8:5: spec.containers[0].livenessprobe: unknown field "livenessprobe" (did you mean "livenessProbe"?)`,
    `web.yaml:10:3: spec.hostnetwork: unknown field "hostnetwork" (did you mean "hostNetwork"?)`,
  ];
  assert.deepEqual(warnings.map(problemText), expected);
  assert.deepEqual(lines(text, true), expected);
  assert.equal(parseManifest(text, { file, strict: true }).objects.length, 0);
});

Deno.test("parseManifest() takes several documents, Lists, typed lists and JSON", () => {
  const text = [
    pod("a"),
    "# nothing here\n",
    `apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: b}}\n- {apiVersion: v1, kind: List, items: []}\n`,
    `{"apiVersion": "v1", "kind": "SecretList", "items": [{"metadata": {"name": "c"}}]}\n`,
    `{\n  apiVersion: "v1",\n  kind: "Namespace",\n  metadata: { name: "d", },\n}\n`,
  ].join("---\n");
  const { objects, errors } = parseManifest(text, { file });
  assert.deepEqual(errors, []);
  assert.deepEqual(objects.map(({ kind, metadata }) => `${kind} ${metadata.namespace} ${metadata.name}`), [
    "Pod default a",
    "ConfigMap default b",
    "Secret default c",
    "Namespace undefined d",
  ]);
});

Deno.test("parseManifest() places errors of a List's items", () => {
  const text =
    `apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: ConfigMap\n  metadata:\n    name: A\n- 5\n`;
  const [first, second] = lines(text);
  assert.match(first, /^web.yaml:7:11: items\[0\]\.metadata\.name: Invalid value: "A": /);
  assert.equal(second, `web.yaml:8:3: items[1]: Invalid value: "number": must be a mapping with apiVersion and kind`);
  assert.deepEqual(lines("apiVersion: v1\nkind: List\nitems: {a: b}\n"), [
    "web.yaml:3:8: items: Invalid value: must be a list",
  ]);
});

Deno.test("parseManifest() reports an object that is defined twice, and keeps the first", () => {
  const { objects, errors } = parseManifest(`${pod("a")}---\n${pod("b")}---\n${pod("a")}`, { file });
  assert.deepEqual(errors.map(problemText), [
    `web.yaml:19:18: metadata.name: Duplicate value: "a": Pod default/a is already defined at line 3`,
  ]);
  assert.deepEqual(objects.map(({ metadata }) => metadata.name), ["a", "b"]);
  assert.deepEqual(lines(`${pod("a")}---\n${pod("a").replace("name: a", "name: a, namespace: other")}`), []);
});

Deno.test("parseManifest() says which object an error is about, and gives the good ones", () => {
  const { objects, errors } = parseManifest(`${pod("a")}---\n${pod("b").replace("web:1", "")}`, { file });
  assert.deepEqual(objects.map(({ metadata }) => metadata.name), ["a"]);
  assert.deepEqual(errors.map(({ object, severity }) => [object?.kind, object?.namespace, object?.name, severity]), [
    ["Pod", "default", "b", "error"],
  ]);
});

Deno.test("parseManifest() of nothing is nothing", () => {
  for (const text of ["", "\n\n", "# only a comment\n", "---\n---\n", "\ufeff"]) {
    assert.deepEqual(
      parseManifest(text, { file }),
      { objects: [], hashes: [], errors: [], warnings: [] },
      JSON.stringify(text),
    );
  }
});

Deno.test("parseManifest() lists a hundred errors and counts the rest", () => {
  const text = `${pod("a")}    env:\n${"    - name: 5\n".repeat(150)}`;
  const errors = lines(text);
  assert.equal(errors.length, 101);
  assert.match(errors[100], /and 50 more errors$/);
});

Deno.test("parseManifest() reads octal modes and Windows line ends as Kubernetes does", () => {
  const text = `${pod("a")}  volumes:\n  - name: v\n    configMap: {name: c, defaultMode: 0600}\n`.replaceAll(
    "\n",
    "\r\n",
  );
  const [object] = parseManifest(text, { file }).objects;
  assert.ok(object.kind === "Pod");
  assert.equal(object.spec.volumes?.[0].configMap?.defaultMode, 0o600);
});

/** Texts made to hurt: each ends with an error or a result. The clock is not asked; what was quadratic would hang. */
const bombs: [name: string, text: string, error: RegExp | undefined][] = [
  ["20,000 [", "a: " + "[".repeat(20_000), /nested more than 100 levels deep/],
  ["20,000 [ that are closed", "[".repeat(20_000) + "]".repeat(20_000), /nested more than 100 levels deep/],
  ["20,000 {", "{a: ".repeat(20_000), /nested more than 100 levels deep/],
  ["20,000 -", "- ".repeat(20_000) + "a", /nested more than 100 levels deep/],
  ["1,000 ?", "? ".repeat(1000) + "a", /nested more than 100 levels deep/],
  ["60 ?, exponential to stringify", "? ".repeat(60) + "a", /keys must be strings/],
  ["20,000 colons", "a" + ": a".repeat(20_000), /nested more than 100 levels deep/],
  ["300 levels of indentation", Array.from({ length: 300 }, (_, i) => " ".repeat(i) + "a:").join("\n"), /nested more/],
  [
    "a billion laughs",
    Array.from({ length: 9 }, (_, i) => `a${i}: &a${i} [${i ? Array(9).fill(`*a${i - 1}`).join(",") : "x,x,x"}]`).join(
      "\n",
    ),
    /aliases expand to more than 20000 values/,
  ],
  [
    "a laugh in each of 100 documents",
    ("---\na0: &a0 [x,x,x,x,x,x,x,x]\na1: &a1 [*a0,*a0,*a0,*a0]\na2: [*a1,*a1,*a1,*a1,*a1,*a1,*a1,*a1]\n").repeat(100),
    /aliases expand to more than 20000 values/,
  ],
  ["30,000 merge keys", "a: &a {x: 1}\nb:\n" + "  <<: *a\n".repeat(30_000), /key "<<" is already set/],
  [
    "merges of 30,000 mappings",
    "a: &a {x: 1}\n" + Array.from({ length: 30_000 }, (_, i) => `b${i}: {<<: *a}`).join("\n"),
    /apiVersion: Required value/,
  ],
  [
    "60,000 keys",
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n" +
    Array.from({ length: 60_000 }, (_, i) => `  k${i}: v\n`).join(""),
    undefined,
  ],
  [
    "5,000 unknown fields",
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n" +
    Array.from({ length: 5000 }, (_, i) => `k${i}: 1\n`).join(""),
    undefined,
  ],
  ["a cycle", "a: &a\n  b: *a\n", /refers to a value that it is part of/],
  ["a cycle of merges", "a: &a\n  <<: *a\n", /refers to a value that it is part of/],
  ["more than 1 MiB", "#" + "x".repeat(2 ** 20), /file is larger than 1048576 bytes/],
  ["more than 1 MiB in UTF-8", "#" + "ä".repeat(2 ** 19), /file is larger than 1048576 bytes/],
  ["10,000 errors", "]\n".repeat(10_000), /Unexpected flow-seq-end/],
  ["2,000 containers without images", pod("a") + "  - {name: A}\n".repeat(2000), /image: Required value/],
];

for (const [name, text, error] of bombs) {
  Deno.test(`parseManifest() survives ${name}`, () => {
    const { objects, errors } = parseManifest(text, { file });
    if (error) {
      assert.ok(errors.some((problem) => error.test(problemText(problem))), JSON.stringify(errors.slice(0, 3)));
      assert.ok(errors.length <= 101);
      assert.deepEqual(objects, []);
    } else assert.equal(objects.length, 1);
  });
}
