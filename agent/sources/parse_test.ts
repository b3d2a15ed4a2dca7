import assert from "node:assert/strict";
import { join } from "node:path";
import { Store, type StoreObject } from "../store/mod.ts";
import { EventRing } from "../telemetry/events.ts";
import { silentLogger } from "../telemetry/log.ts";
import { ManifestSource, problemText } from "./manifest_source.ts";

const web = `apiVersion: v1
kind: ConfigMap
metadata: { name: settings }
data: { key: value }
---
apiVersion: v1
kind: Pod
metadata: { name: web }
spec:
  containers:
  - name: web
    image: web:1
    ports: [{ containerPort: 80 }]
---
apiVersion: v1
kind: PersistentVolume
metadata: { name: disk }
spec:
  capacity: { storage: 1Gi }
  accessModes: [ReadWriteOnce]
  hostPath: { path: /data }
`;

Deno.test("real manifests are stored with defaults and namespaces, and edited in place or by replacement", async () => {
  const dir = Deno.makeTempDirSync({ prefix: "islet-parse-" });
  const store = Store.open(":memory:", { log: silentLogger });
  const path = join(dir, "web.yaml");
  Deno.writeTextFileSync(path, web);
  const source = new ManifestSource({
    dir,
    store,
    log: silentLogger,
    events: new EventRing({ nodeName: "node" }),
    nodeName: "node",
  });
  const look = async (text: string) => {
    Deno.writeTextFileSync(path, text);
    source.recheck();
    await source.idle();
  };
  const pod = () => store.get<StoreObject & { spec: Record<string, unknown> }>("local", "Pod", "default", "web")!;
  try {
    await source.start();
    assert.deepEqual(source.problems(), []);
    assert.equal(pod().spec.restartPolicy, "Always");
    assert.equal(pod().spec.nodeName, "node");
    assert.ok(store.get("local", "ConfigMap", "default", "settings"));
    assert.ok(store.get("local", "PersistentVolume", "", "disk"));
    const { uid } = pod().metadata;

    await look(web.replace("web:1", "web:2"));
    assert.equal(pod().metadata.uid, uid);
    assert.deepEqual((pod().spec.containers as { image: string }[]).map(({ image }) => image), ["web:2"]);
    assert.equal(pod().metadata.deletionTimestamp, undefined);

    await look(web.replace("name: web\n    image: web:1", "name: Web_1\n    image: web:1"));
    assert.match(
      problemText(source.problems()[0]),
      /^web\.yaml:11:11: spec\.containers\[0\]\.name: Invalid value: "Web_1": /,
    );
    assert.equal(source.problems()[0].object?.name, "web");
    assert.equal(pod().metadata.deletionTimestamp, undefined);

    await look(web.replace("containerPort: 80", "containerPort: 81"));
    assert.deepEqual(source.problems(), []);
    assert.ok(pod().metadata.deletionTimestamp);
  } finally {
    await source.stop();
    await store.close();
    Deno.removeSync(dir, { recursive: true });
  }
});
