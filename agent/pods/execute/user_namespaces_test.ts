import assert from "node:assert/strict";
import { freeBlock, parseDelegatedIds, userNamespace } from "./user_namespaces.ts";

const size = 65536;

function inPodsDir(test: (podsDir: string) => void): void {
  const podsDir = Deno.makeTempDirSync({ prefix: "islet-userns-" });
  try {
    test(podsDir);
  } finally {
    Deno.removeSync(podsDir, { recursive: true });
  }
}

Deno.test("userNamespace() gives each pod a block of its own, and always the same one", () =>
  inPodsDir((podsDir) => {
    const options = { podsDir, reserved: () => [] };
    const a = userNamespace("a", options), b = userNamespace("b", options);
    assert.deepEqual([a, b], [{ hostId: size, length: size }, { hostId: 2 * size, length: size }]);
    assert.deepEqual(userNamespace("a", options), a);
    Deno.removeSync(`${podsDir}/a`, { recursive: true });
    assert.deepEqual(userNamespace("c", options), a, "a block is free when its pod's directory is gone");
    assert.equal(Deno.statSync(`${podsDir}/c/userns`).mode! & 0o777, 0o600);
  }));

Deno.test("userNamespace() keeps clear of ids that belong to others, and does not guess at a broken file", () =>
  inPodsDir((podsDir) => {
    const reserved = () => parseDelegatedIds("# sub\nalice:100000:65536\nbob:165536:65536\n");
    assert.deepEqual(userNamespace("a", { podsDir, reserved }), { hostId: 4 * size, length: size });
    Deno.mkdirSync(`${podsDir}/b`);
    Deno.writeTextFileSync(`${podsDir}/b/userns`, "{}");
    assert.throws(() => userNamespace("b", { podsDir, reserved }), /Cannot read .*b\/userns/);
    assert.throws(() => userNamespace("c", { podsDir, reserved }), /Cannot read .*b\/userns/);
  }));

Deno.test("freeBlock() ends with the ids", () => {
  assert.equal(freeBlock([{ hostId: size, length: 2 ** 32 - size }]), undefined);
  assert.deepEqual(freeBlock([{ hostId: 1, length: 2 ** 32 - 3 * size }]), {
    hostId: 65534 * size,
    length: size,
  });
});
