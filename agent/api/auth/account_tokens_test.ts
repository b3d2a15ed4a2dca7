import { deepEqual, equal, rejects } from "node:assert/strict";
import type { ApiError } from "../status.ts";
import { type BoundObjectRef, issueAccountToken } from "./account_tokens.ts";
import { account, issuer, testAuth } from "./testing.ts";

async function setUp() {
  const node = await testAuth();
  node.put(
    account("robot"),
    {
      kind: "Pod",
      metadata: { name: "web", namespace: "default", uid: "u-web" },
      spec: { serviceAccountName: "robot" },
    },
    { kind: "Pod", metadata: { name: "db", namespace: "default", uid: "u-db" }, spec: {} },
    { kind: "Secret", metadata: { name: "s", namespace: "default", uid: "u-s" } },
    { kind: "Node", metadata: { name: "edge-1", uid: "u-n" } },
  );
  const issue = (boundObjectRef?: BoundObjectRef, audiences?: string[]) =>
    issueAccountToken(node.deps, "default", "robot", { audiences, expirationSeconds: 600, boundObjectRef });
  const bound = async (reference: BoundObjectRef) => {
    const { token, audiences } = await issue(reference);
    return (await node.signer.read(token, { audiences, now: node.clock.now() }))["kubernetes.io"];
  };
  return { ...node, issue, bound };
}

Deno.test("a token is for the API unless others are named", async () => {
  const { issue } = await setUp();
  deepEqual((await issue()).audiences, [issuer]);
  deepEqual((await issue(undefined, [])).audiences, [issuer]);
  deepEqual((await issue(undefined, ["a", "b"])).audiences, ["a", "b"]);
});

Deno.test("a token can be bound to a pod, a Secret or the node", async () => {
  const { bound } = await setUp();
  deepEqual((await bound({ kind: "Pod", apiVersion: "v1", name: "web" })).pod, { name: "web", uid: "u-web" });
  deepEqual((await bound({ kind: "Secret", apiVersion: "v1", name: "s", uid: "u-s" })).secret, {
    name: "s",
    uid: "u-s",
  });
  deepEqual((await bound({ kind: "Node", apiVersion: "v1", name: "edge-1" })).node, { name: "edge-1", uid: "u-n" });
});

const refused: [what: string, reference: BoundObjectRef, code: number, words: RegExp][] = [
  ["what is not there", { kind: "Pod", apiVersion: "v1", name: "x" }, 404, /pods "x" not found/],
  [
    "another of that name",
    { kind: "Pod", apiVersion: "v1", name: "web", uid: "old" },
    409,
    /UID .* \(old\) does not match/,
  ],
  ["a pod of another account", { kind: "Pod", apiVersion: "v1", name: "db" }, 400, /different serviceaccount name/],
  ["another kind", { kind: "Service", apiVersion: "v1", name: "x" }, 400, /cannot bind token to object of type/],
  ["another version", { kind: "Pod", apiVersion: "v2", name: "web" }, 400, /cannot bind token/],
];

for (const [what, reference, code, words] of refused) {
  Deno.test(`a token cannot be bound to ${what}`, async () => {
    const { issue } = await setUp();
    await rejects(issue(reference), (err: ApiError) => {
      equal(err.code, code);
      return words.test(err.message);
    });
  });
}

Deno.test("an account that is not there gets none", async () => {
  const { deps } = await setUp();
  const ask = issueAccountToken(deps, "default", "nobody", { expirationSeconds: 600 });
  await rejects(ask, (err: ApiError) => err.code === 404 && /serviceaccounts "nobody" not found/.test(err.message));
});
