import { equal, match } from "node:assert/strict";
import { client } from "../testing.ts";

const pods = "/api/v1/namespaces/fresh/pods";
const pod = { metadata: { name: "web" }, spec: { containers: [{ name: "main", image: "web" }] } };

async function freshNamespace() {
  const node = client();
  equal((await node.create("/api/v1/namespaces", { metadata: { name: "fresh" } })).code, 201);
  return node;
}

Deno.test("a pod that comes together with its namespace waits for the account that is made there", async () => {
  const node = await freshNamespace();
  const asked = node.create(pods, pod);
  await node.clock.advance(500);
  const made = await node.create("/api/v1/namespaces/fresh/serviceaccounts", { metadata: { name: "default" } });
  equal(made.code, 201);
  const { code, body } = await asked;
  equal(code, 201);
  equal(body.spec.serviceAccountName, "default");
});

Deno.test("a pod whose account does not come is refused after a second", async () => {
  const node = await freshNamespace();
  let answered = false;
  const asked = node.create(pods, pod).finally(() => answered = true);
  await node.clock.advance(999);
  equal(answered, false);
  await node.clock.advance(1);
  const { code, body } = await asked;
  equal(code, 403);
  match(body.message, /error looking up service account fresh\/default: serviceaccount "default" not found/);
});

Deno.test("only the account that every namespace has is waited for", async () => {
  const node = await freshNamespace();
  const { code } = await node.create(pods, { ...pod, spec: { ...pod.spec, serviceAccountName: "builder" } });
  equal(code, 403);
});
