import assert from "node:assert/strict";
import { Code, ConnectError } from "@connectrpc/connect";
import { CriError, isNameReserved, isNotFound, nameHolder } from "./errors.ts";

Deno.test("CriError.from() keeps code, words and cause, and a CriError as it is", () => {
  const cause = new Error("socket");
  const err = CriError.from(
    "RunPodSandbox",
    new ConnectError("no room", Code.ResourceExhausted, undefined, undefined, cause),
  );
  assert.deepEqual([err.code, err.detail, err.cause], ["resource_exhausted", "no room", cause]);
  assert.equal(err.message, "Cannot complete RunPodSandbox: no room");
  assert.equal(CriError.from("Version", err), err);
  assert.equal(new CriError("Version", "deadline_exceeded", "").detail, "deadline exceeded");
});

Deno.test("isNameReserved() knows containerd's and CRI-O's refusals and finds the holder", () => {
  const cases = [
    'failed to reserve sandbox name "p_default_u_0": name "p_default_u_0" is reserved for "abc1"',
    'failed to reserve container name "c_p_default_u_0": name "c_p_default_u_0" is reserved for "abc1"',
    "error reserving pod name k8s_p_default_u_0 for id def2: name is reserved; name k8s_p is reserved for abc1",
    'the container name "k8s_c" is already in use by "abc1". You have to remove that container',
  ];
  for (const text of cases) {
    const err = new CriError("RunPodSandbox", "unknown", text);
    assert.ok(isNameReserved(err), text);
    assert.equal(nameHolder(err), "abc1", text);
  }
  assert.equal(isNameReserved(new CriError("RunPodSandbox", "unknown", "no such image")), false);
  assert.equal(isNameReserved(new Error(cases[0])), false);
});

Deno.test("predicates look at CriErrors only", () => {
  assert.ok(isNotFound(new CriError("ContainerStatus", "not_found", "x")));
  assert.equal(isNotFound(new ConnectError("x", Code.NotFound)), false);
});
