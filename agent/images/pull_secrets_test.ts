import assert from "node:assert/strict";
import { join } from "node:path";
import type { Pod, Secret, ServiceAccount } from "../objects/mod.ts";
import { NodeKeyring, podKeyrings } from "./pull_secrets.ts";

const config = JSON.stringify({ auths: { "r.example": { auth: btoa("u:p") } } });
const secret = (type: string, key: string, text: string) =>
  ({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "s" },
    type,
    data: { [key]: btoa(text) },
  }) as unknown as Secret;
const pod = (...names: string[]) =>
  ({ metadata: { name: "p" }, spec: { imagePullSecrets: names.map((name) => ({ name })) } }) as unknown as Pod;

Deno.test("podKeyrings() reads both kinds of pull secret and names those that are of no use", () => {
  const secrets: Record<string, Secret> = {
    json: secret("kubernetes.io/dockerconfigjson", ".dockerconfigjson", config),
    cfg: secret("kubernetes.io/dockercfg", ".dockercfg", JSON.stringify({ "r.example": { auth: btoa("v:p") } })),
    opaque: secret("Opaque", ".dockerconfigjson", config),
    broken: secret("kubernetes.io/dockerconfigjson", ".dockerconfigjson", "{"),
  };
  const { keyrings, unusable } = podKeyrings(pod("json", "cfg", "opaque", "broken", "gone"), (name) => secrets[name]);
  assert.deepEqual(keyrings.map(([{ credentials }]) => credentials.username), ["u", "v"]);
  assert.deepEqual(unusable, ["opaque", "broken", "gone"]);
});

Deno.test("a pod that names no pull secrets has those of its account", () => {
  const account = { imagePullSecrets: [{ name: "s" }] } as unknown as ServiceAccount;
  const given = secret("kubernetes.io/dockerconfigjson", ".dockerconfigjson", config);
  assert.equal(podKeyrings(pod(), () => given, account).keyrings.length, 1);
  assert.equal(podKeyrings(pod(), () => given).keyrings.length, 0);
  assert.deepEqual(podKeyrings(pod("own"), () => undefined, account).unusable, ["own"]);
});

Deno.test("NodeKeyring reads the first file that exists, again only when it has changed, and reports a broken one once", () => {
  const dir = Deno.makeTempDirSync();
  try {
    const problems: string[] = [];
    const file = join(dir, "config.json");
    const ring = new NodeKeyring([join(dir, "none"), file], (path) => problems.push(path));
    assert.deepEqual(ring.get(), []);
    Deno.writeTextFileSync(file, config);
    const first = ring.get();
    assert.equal(first[0].credentials.username, "u");
    assert.equal(ring.get(), first);
    Deno.writeTextFileSync(file, "{ broken");
    assert.deepEqual(ring.get(), []);
    assert.deepEqual(ring.get(), []);
    assert.deepEqual(problems, [file]);
  } finally {
    Deno.removeSync(dir, { recursive: true });
  }
});
