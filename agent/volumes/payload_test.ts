import assert from "node:assert/strict";
import { buildPayload, cleanPath, type Payload, payloadInputs, soleUser, tokenRequests } from "./payload.ts";
import { facts, type Loose, podWith } from "./testing.ts";

const objects: Record<string, Loose> = {
  "ConfigMap/settings": { data: { "app.conf": "debug=1", other: "x" }, binaryData: { blob: btoa("\x00\xff") } },
  "Secret/keys": { data: { key: btoa("s3cret"), cert: btoa("c") } },
};

function build(volume: Loose, change: Loose = {}): Payload {
  return buildPayload(volume, {
    pod: podWith([volume], change),
    lookup: (kind, name) => objects[`${kind}/${name}`],
    facts,
    tokens: new Map(Object.entries(change.tokens ?? {}).map(([index, token]) => [Number(index), token as string])),
  });
}

/** `path mode content`, sorted. */
const told = (payload: Payload) =>
  [...payload].map(([path, { data, mode, uid }]) =>
    `${path} ${mode.toString(8)}${uid === undefined ? "" : ` uid=${uid}`} ${new TextDecoder("latin1").decode(data)}`
  ).sort();

Deno.test("buildPayload() makes a file of every key of a ConfigMap, text and binary", () => {
  assert.deepEqual(told(build({ name: "v", configMap: { name: "settings" } })), [
    "app.conf 644 debug=1",
    "blob 644 \x00\xff",
    "other 644 x",
  ]);
});

Deno.test("buildPayload() takes only the items, at their paths and with their modes", () => {
  const secret = {
    secretName: "keys",
    defaultMode: 0o400,
    items: [{ key: "key", path: "tls/deep/tls.key" }, { key: "cert", path: "tls/crt", mode: 0o444 }],
  };
  assert.deepEqual(told(build({ name: "v", secret })), ["tls/crt 444 c", "tls/deep/tls.key 400 s3cret"]);
});

Deno.test("buildPayload() of something optional that is missing is empty, of a missing key leaves it out", () => {
  assert.deepEqual(told(build({ name: "v", configMap: { name: "none", optional: true } })), []);
  assert.deepEqual(told(build({ name: "v", secret: { secretName: "none", optional: true } })), []);
  const items = [{ key: "none", path: "a" }, { key: "other", path: "b" }];
  assert.deepEqual(told(build({ name: "v", configMap: { name: "settings", optional: true, items } })), ["b 644 x"]);
});

Deno.test("buildPayload() refuses what is missing, in kubelet's words", () => {
  const cases: [Loose, string][] = [
    [{ configMap: { name: "none" } }, 'configmap "none" not found'],
    [{ secret: { secretName: "none" } }, 'secret "none" not found'],
    [
      { configMap: { name: "settings", items: [{ key: "gone", path: "x" }] } },
      "configmap references non-existent config key: gone",
    ],
    [
      { secret: { secretName: "keys", items: [{ key: "gone", path: "x" }] } },
      "references non-existent secret key: gone",
    ],
    // Not a key: what every object has.
    [
      { secret: { secretName: "keys", items: [{ key: "constructor", path: "x" }] } },
      "references non-existent secret key: constructor",
    ],
    [
      { projected: { sources: [{ configMap: { name: "a" } }, { secret: { name: "b" } }] } },
      '[configmap "a" not found, secret "b" not found]',
    ],
    [
      { projected: { sources: [{ serviceAccountToken: { path: "token" } }] } },
      "failed to fetch token: this node has no issuer of service account tokens",
    ],
    [
      { projected: { sources: [{ clusterTrustBundle: { path: "ca" } }] } },
      "clusterTrustBundle sources are not supported by this node",
    ],
    [
      { projected: { sources: [{ podCertificate: { keyType: "ED25519" } }] } },
      "podCertificate sources are not supported by this node",
    ],
    [
      { downwardAPI: { items: [{ path: "x", fieldRef: { fieldPath: "spec.hostname" } }] } },
      "unsupported fieldPath: spec.hostname",
    ],
    [
      { downwardAPI: { items: [{ path: "x", resourceFieldRef: { containerName: "who", resource: "limits.cpu" } }] } },
      "container who not found",
    ],
  ];
  for (const [source, message] of cases) {
    assert.throws(() => build({ name: "v", ...source }), { name: "SetUpError", message });
  }
});

Deno.test("buildPayload() writes what the pod is and what its container has", () => {
  const item = (path: string, fieldPath: string) => ({ path, fieldRef: { fieldPath } });
  const volume = {
    name: "v",
    downwardAPI: {
      items: [
        item("name", "metadata.name"),
        item("namespace", "metadata.namespace"),
        item("uid", "metadata.uid"),
        item("labels", "metadata.labels"),
        item("annotations", "metadata.annotations"),
        item("one", "metadata.labels['app']"),
        { path: "cpu", resourceFieldRef: { containerName: "main", resource: "limits.cpu", divisor: "1m" } },
        { path: "memory", mode: 0o600, resourceFieldRef: { containerName: "main", resource: "requests.memory" } },
      ],
    },
  };
  const payload = build(volume, {
    metadata: { labels: { zone: 'a"b', app: "web" }, annotations: { note: "line\ntwo" } },
    spec: {
      containers: [{ name: "main", image: "x", resources: { requests: { memory: "64Mi" } }, volumeMounts: [] }],
    },
  });
  assert.deepEqual(told(payload), [
    'annotations 644 note="line\\ntwo"',
    "cpu 644 2000",
    'labels 644 app="web"\nzone="a\\"b"',
    "memory 600 67108864",
    "name 644 web",
    "namespace 644 shop",
    "one 644 web",
    "uid 644 uid-1",
  ]);
});

Deno.test("buildPayload() of a projected volume lets a later source win, and applies its default mode to all", () => {
  const projected = {
    defaultMode: 0o440,
    sources: [
      { configMap: { name: "settings", items: [{ key: "other", path: "a" }, { key: "other", path: "dir/b" }] } },
      { secret: { name: "keys", items: [{ key: "key", path: "a", mode: 0o400 }] } },
      { downwardAPI: { items: [{ path: "dir/name", fieldRef: { fieldPath: "metadata.name" } }] } },
    ],
  };
  assert.deepEqual(told(build({ name: "v", projected })), ["a 400 s3cret", "dir/b 440 x", "dir/name 440 web"]);
});

Deno.test("a service account token is the containers' user's own, where they have one user or an fsGroup", () => {
  const volume = { name: "v", projected: { sources: [{ serviceAccountToken: { path: "token" } }] } };
  const tokens = { 0: "jwt" };
  assert.deepEqual(told(build(volume, { tokens })), ["token 644 jwt"]);
  const spec = (securityContext: Loose) => ({ tokens, spec: { securityContext } });
  assert.deepEqual(told(build(volume, spec({ runAsUser: 1000 }))), ["token 600 uid=1000 jwt"]);
  assert.deepEqual(told(build(volume, spec({ fsGroup: 2000 }))), ["token 600 jwt"]);
});

Deno.test("soleUser() is undefined where containers differ or one says nothing", () => {
  const pod = (users: (number | undefined)[], whole?: number) =>
    podWith([], {
      spec: {
        securityContext: { runAsUser: whole },
        initContainers: [{ name: "i", image: "x", securityContext: { runAsUser: users[0] } }],
        containers: users.slice(1).map((runAsUser, i) => ({ name: `c${i}`, securityContext: { runAsUser } })),
      },
    });
  assert.equal(soleUser(pod([1, 1, 1])), 1);
  assert.equal(soleUser(pod([1, 2, 1])), undefined);
  assert.equal(soleUser(pod([1, undefined])), undefined);
  assert.equal(soleUser(pod([1, undefined], 1)), 1);
  assert.equal(soleUser(pod([0, 0])), 0);
});

Deno.test("tokenRequests() lists what is to be issued, by place", () => {
  const projected = {
    sources: [
      { configMap: { name: "x" } },
      { serviceAccountToken: { path: "a", audience: "vault", expirationSeconds: 600 } },
      { serviceAccountToken: { path: "b" } },
    ],
  };
  assert.deepEqual(tokenRequests({ name: "v", projected } as Loose), [
    { index: 1, path: "a", audience: "vault", expirationSeconds: 600 },
    { index: 2, path: "b", expirationSeconds: 3600 },
  ]);
});

Deno.test("cleanPath() keeps files inside their volume and away from our own links", () => {
  assert.equal(cleanPath("a//b/./c"), "a/b/c");
  assert.equal(cleanPath("a..b/..c"), "a..b/..c");
  for (
    const path of ["", "/etc/passwd", "../x", "a/../b", "a/..", "..data", "..data/x", "..2026", ".", "a\0b"]
      .concat("x".repeat(256), "é".repeat(128), "a/".repeat(2049))
  ) {
    assert.throws(() => cleanPath(path), { name: "SetUpError" }, JSON.stringify(path));
  }
});

Deno.test("buildPayload() refuses a path that would be a file and a directory at once", () => {
  const items = [{ key: "other", path: "a" }, { key: "app.conf", path: "a/b" }];
  assert.throws(() => build({ name: "v", configMap: { name: "settings", items } }), /a\/b lies below the file a/);
});

Deno.test("payloadInputs() differ when an object or a downward value does, and only then", () => {
  const volume: Loose = {
    name: "v",
    projected: {
      sources: [
        { configMap: { name: "settings" } },
        { downwardAPI: { items: [{ path: "l", fieldRef: { fieldPath: "metadata.labels" } }] } },
        { downwardAPI: { items: [{ path: "bad", fieldRef: { fieldPath: "spec.nothing" } }] } },
        { serviceAccountToken: { path: "t" } },
      ],
    },
  };
  const first = objects["ConfigMap/settings"];
  const inputs = (pod: Loose, configMap: Loose, token: string) =>
    payloadInputs(volume, { pod, facts, lookup: () => configMap, tokens: new Map([[3, token]]) });
  const pod = podWith([volume]);
  const base = inputs(pod, first, "t");
  assert.deepEqual(base.filter((item) => !(item instanceof Error)), [first, 'app="web"', "t"]);
  assert.equal(inputs({ ...pod, status: { phase: "Running" } }, first, "t")[1], base[1]);
  assert.notEqual(inputs(pod, { ...first }, "t")[0], base[0]);
  assert.notEqual(inputs(podWith([volume], { metadata: { labels: {} } }), first, "t")[1], base[1]);
});
