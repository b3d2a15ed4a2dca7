import { deepEqual, equal, notEqual, ok } from "node:assert/strict";
import { join } from "node:path";
import { hasApiAccess, type Pod } from "../objects/mod.ts";
import { Store, type StoreObject } from "../store/mod.ts";
import { EventRing } from "../telemetry/events.ts";
import { silentLogger } from "../telemetry/log.ts";
import { apiAccess } from "./api_access.ts";
import { ManifestSource } from "./manifest_source.ts";
import { manifest, pod, type Spec } from "./testing.ts";

const account = (name: string, automountServiceAccountToken?: boolean): StoreObject => ({
  apiVersion: "v1",
  kind: "ServiceAccount",
  metadata: { name, namespace: "default" },
  ...(automountServiceAccountToken === undefined ? {} : { automountServiceAccountToken }),
} as StoreObject);

/** Gets a pod that is made anew with the account's word on it; undefined: there is no such account. */
function isMounted(spec: Spec, asked?: StoreObject): boolean {
  const made = apiAccess.complete(pod("a", spec), undefined, () => asked);
  return hasApiAccess((made as unknown as Pod).spec);
}

Deno.test("a manifest's pod gets its account's credentials unless the account says no; its own word counts first", () => {
  const named = { serviceAccountName: "robot" };
  const cases: [string, Spec, StoreObject | undefined, boolean][] = [
    ["no account named", {}, account("default"), false],
    ["an account that says nothing", named, account("robot"), true],
    ["an account that says yes", named, account("robot", true), true],
    ["an account that says no", named, account("robot", false), false],
    ["an account that is not there yet", named, undefined, true],
    ["the pod says no", { ...named, automountServiceAccountToken: false }, account("robot", true), false],
  ];
  for (const [name, spec, asked, expected] of cases) equal(isMounted(spec, asked), expected, name);
  const token = { containers: [{ name: "main", volumeMounts: [] }], ...named };
  const { spec } = apiAccess.complete(pod("a", token), undefined, () => account("robot")) as unknown as Pod;
  deepEqual(spec.containers[0].volumeMounts!.map(({ mountPath }) => mountPath), [
    "/var/run/secrets/kubernetes.io/serviceaccount",
  ]);
});

Deno.test("what an account says is settled when a pod begins; edits in place keep it, another incarnation asks again", async () => {
  const dir = Deno.makeTempDirSync({ prefix: "islet-access-" });
  const store = Store.open(":memory:", { log: silentLogger });
  const source = new ManifestSource({
    dir,
    store,
    log: silentLogger,
    events: new EventRing({ nodeName: "node" }),
    nodeName: "node",
    completion: apiAccess,
  });
  const write = async (image: string, mayMount: boolean, more: Spec = {}) => {
    const spec = { serviceAccountName: "robot", containers: [{ name: "main", image, command: ["sleep"] }], ...more };
    Deno.writeTextFileSync(
      join(dir, "all.yaml"),
      manifest(pod("a", spec), account("robot", mayMount)).replaceAll("\n", "\n---\n"),
    );
    source.recheck();
    await source.idle();
  };
  const row = () => store.get<StoreObject>("local", "Pod", "default", "a")!;
  const has = () => hasApiAccess((row() as unknown as Pod).spec);
  Deno.writeTextFileSync(join(dir, "all.yaml"), "");
  await source.start();
  await write("web:1", false);
  ok(!has(), "the account of the same file is asked");
  const { uid } = row().metadata;
  await write("web:2", true);
  equal(row().metadata.uid, uid, "an image is changed in place");
  ok(!has());
  await write("web:2", true, { hostname: "other" });
  ok(row().metadata.deletionTimestamp);
  await store.remove("local", "Pod", "default", "a");
  await source.idle();
  notEqual(row().metadata.uid, uid);
  ok(has());
  await source.stop();
  await store.close();
  Deno.removeSync(dir, { recursive: true });
});
