import assert from "node:assert/strict";
import { decidePull, defaultPolicy, type PullDecision, type PullSituation, saysUnreachable } from "./pull_policy.ts";

const base: PullSituation = {
  policy: "IfNotPresent",
  present: false,
  backOffMs: 0,
  unreachable: false,
  fallBack: true,
};

const cases: [string, Partial<PullSituation>, PullDecision][] = [
  ["uses a present image with IfNotPresent", { present: true }, { type: "use" }],
  ["uses a present image even in back-off", { present: true, backOffMs: 9 }, { type: "use" }],
  ["pulls a missing image with IfNotPresent", {}, { type: "pull" }],
  ["waits out the back-off of a missing image", { backOffMs: 9 }, { type: "wait", ms: 9 }],
  ["never waits for a registry that holds nothing anyway", { policy: "Never", backOffMs: 9, present: true }, {
    type: "use",
  }],
  ["refuses a missing image with Never", { policy: "Never" }, { type: "refuse", reason: "ErrImageNeverPull" }],
  ["pulls a present image with Always", { policy: "Always", present: true }, { type: "pull" }],
  ["waits with Always although the image is present", { policy: "Always", present: true, backOffMs: 9 }, {
    type: "wait",
    ms: 9,
  }],
  ["falls back on a present image when the registry is away", { policy: "Always", present: true, unreachable: true }, {
    type: "fallBack",
  }],
  [
    "falls back even in back-off: the network went after a failed pull",
    { policy: "Always", present: true, unreachable: true, backOffMs: 9 },
    { type: "fallBack" },
  ],
  ["does not fall back when that is switched off", {
    policy: "Always",
    present: true,
    unreachable: true,
    fallBack: false,
  }, { type: "pull" }],
  ["tries a registry that is away for an image that is missing", { policy: "Always", unreachable: true }, {
    type: "pull",
  }],
];
for (const [name, change, expected] of cases) {
  Deno.test(`decidePull() ${name}`, () => assert.deepEqual(decidePull({ ...base, ...change }), expected));
}

Deno.test("defaultPolicy() is Always for the tag latest alone", () => {
  assert.equal(defaultPolicy({ tag: "latest" }), "Always");
  assert.equal(defaultPolicy({ tag: "1" }), "IfNotPresent");
  assert.equal(defaultPolicy({ tag: "latest", digest: "sha256:0" }), "IfNotPresent");
});

const pull =
  'failed to pull and unpack image "r.example/a:1": failed to resolve reference "r.example/a:1": failed to do request: Head "https://r.example/v2/a/manifests/1": ';
for (
  const [message, expected] of [
    [pull + "dial tcp 10.0.0.1:443: connect: connection refused", true],
    [pull + "dial tcp: lookup r.example on 10.0.0.53:53: no such host", true],
    [pull + "net/http: TLS handshake timeout", true],
    [pull + "context deadline exceeded", true],
    ["unexpected status code 503 Service Unavailable", true],
    ['failed to resolve reference "r.example/a:1": r.example/a:1: not found', false],
    ["pull access denied, repository does not exist or may require authorization", false],
    ["unexpected status code 401 Unauthorized", false],
    ["x509: certificate signed by unknown authority", false],
  ] as const
) {
  Deno.test(`saysUnreachable() is ${expected} for "…${message.slice(-45)}"`, () => {
    assert.equal(saysUnreachable(message), expected);
  });
}
