import { deepEqual, equal, notEqual, ok, rejects } from "node:assert/strict";
import { silentLogger } from "../../telemetry/log.ts";
import { PodTokens } from "./pod_tokens.ts";
import { account, issuer, testAuth } from "./testing.ts";

const pod = (name = "web", uid = `uid-${name}`) => ({
  kind: "Pod",
  metadata: { name, namespace: "default", uid },
  spec: { serviceAccountName: "robot", nodeName: "edge-1" },
});

const hour = 3600_000;

async function setUp() {
  const node = await testAuth();
  node.put(account("robot"), { kind: "Node", metadata: { name: "edge-1", uid: "uid-node" } });
  const due: string[] = [];
  const gone = new Set<string>();
  const tokens = new PodTokens({
    ...node.deps,
    clock: node.clock,
    log: silentLogger,
    onDue: (uid) => void due.push(uid),
    exists: (uid) => !gone.has(uid),
  });
  return { ...node, tokens, due, gone };
}

Deno.test("a pod's token is bound to the pod and its node, and the same until it is due", async () => {
  const { tokens, put, signer, clock } = await setUp();
  put(pod());
  const text = await tokens.token(pod(), { expirationSeconds: 3600 });
  const claims = await signer.read(text, { audiences: [issuer], now: clock.now() });
  deepEqual(claims["kubernetes.io"], {
    namespace: "default",
    serviceaccount: { name: "robot", uid: "uid-robot" },
    pod: { name: "web", uid: "uid-web" },
    node: { name: "edge-1", uid: "uid-node" },
  });
  equal(claims.exp - claims.iat, 3600);
  equal(await tokens.token(pod(), { expirationSeconds: 3600 }), text);
  const other = await tokens.token(pod(), { expirationSeconds: 3600, audience: "vault" });
  await signer.read(other, { audiences: ["vault"], now: clock.now() });
  tokens.stop();
});

Deno.test("a token is renewed when four fifths of its life, or a day, have gone", async () => {
  for (const [life, dueAt] of [[3600, 0.8 * hour], [7 * 24 * 3600, 24 * hour]] as const) {
    const { tokens, put, clock, due } = await setUp();
    put(pod());
    const request = { expirationSeconds: life };
    const first = await tokens.token(pod(), request);
    await clock.advance(dueAt - 1000);
    deepEqual(due, []);
    equal(await tokens.token(pod(), request), first);
    await clock.advance(2000);
    deepEqual(due, ["uid-web"]);
    const second = await tokens.token(pod(), request);
    notEqual(second, first);
    equal(await tokens.token(pod(), request), second);
    tokens.stop();
  }
});

Deno.test("who does not come for its token is asked again; who is gone is forgotten", async () => {
  const { tokens, put, clock, due, gone } = await setUp();
  put(pod());
  await tokens.token(pod(), { expirationSeconds: 600 });
  await clock.advance(0.8 * 600_000 + 31_000);
  deepEqual(due, ["uid-web", "uid-web"]);
  gone.add("uid-web");
  await clock.advance(hour);
  equal(due.length, 2);
  tokens.stop();
});

Deno.test("a token whose account is another by now is replaced at once", async () => {
  const { tokens, put, remove } = await setUp();
  put(pod());
  const first = await tokens.token(pod(), { expirationSeconds: 3600 });
  remove("ServiceAccount", "robot");
  await rejects(tokens.token(pod(), { expirationSeconds: 3600 }), /serviceaccounts "robot" not found/);
  put(account("robot", "default", "another"));
  notEqual(await tokens.token(pod(), { expirationSeconds: 3600 }), first);
  tokens.stop();
});

Deno.test("while none can be issued the one that is there holds on, until it ends", async () => {
  const { deps, clock, put } = await testAuth();
  put(account("robot"), pod());
  let fails = false;
  const tokens = new PodTokens({
    ...deps,
    pki: () => fails ? Promise.reject(new Error("no keys")) : deps.pki(),
    clock,
    log: silentLogger,
    onDue: () => {},
    exists: () => true,
  });
  const first = await tokens.token(pod(), { expirationSeconds: 3600 });
  fails = true;
  await clock.advance(0.9 * hour);
  equal(await tokens.token(pod(), { expirationSeconds: 3600 }), first);
  await clock.advance(0.1 * hour);
  await rejects(tokens.token(pod(), { expirationSeconds: 3600 }), /no keys/);
  fails = false;
  notEqual(await tokens.token(pod(), { expirationSeconds: 3600 }), first);
  tokens.stop();
});

for (const [what, wall] of [["forward ten years", Date.UTC(2036, 5, 1)], ["back to 1970", 0]] as const) {
  Deno.test(`a clock that is set ${what} gets every pod another token`, async () => {
    const { tokens, put, clock, due, signer } = await setUp();
    put(pod());
    const first = await tokens.token(pod(), { expirationSeconds: 3600 });
    clock.setWall(wall);
    tokens.clockStepped();
    await clock.advance(1);
    deepEqual(due, ["uid-web"]);
    const second = await tokens.token(pod(), { expirationSeconds: 3600 });
    notEqual(second, first);
    ok(await signer.read(second, { audiences: [issuer], now: clock.now() }));
    tokens.stop();
  });
}
