import { deepEqual, equal } from "node:assert/strict";
import type { PersistentVolume, PersistentVolumeClaim } from "../../objects/mod.ts";
import { testPod, TestStore } from "../testing.ts";
import { Volumes } from "./mod.ts";

async function withVolumes(test: (given: { store: TestStore; settle: () => Promise<void> }) => Promise<void>) {
  await using store = new TestStore();
  const volumes = new Volumes({ ...store, store: store.store, events: store.events, usable: () => true });
  volumes.start();
  await test({ store, settle: () => store.settle(volumes) });
  await volumes.stop();
}

const spec = { accessModes: ["ReadWriteOnce"] };
const volume = (name: string) => ({
  apiVersion: "v1",
  kind: "PersistentVolume",
  metadata: { name },
  spec: { ...spec, capacity: { storage: "1Gi" }, hostPath: { path: "/data" } },
  status: { phase: "Pending" },
});
const claim = (name: string, metadata: Record<string, unknown> = {}) => ({
  apiVersion: "v1",
  kind: "PersistentVolumeClaim",
  metadata: { name, namespace: "default", ...metadata },
  spec: { ...spec, resources: { requests: { storage: "1Gi" } } },
  status: { phase: "Pending" },
});
const volumeOf = (store: TestStore, name: string) => store.get<PersistentVolume>("PersistentVolume", "", name);
const claimOf = (store: TestStore, name: string) =>
  store.get<PersistentVolumeClaim>("PersistentVolumeClaim", "default", name);

Deno.test("Volumes are bound to claims, on both sides, and then left alone", () =>
  withVolumes(async ({ store, settle }) => {
    await store.put(volume("v"));
    await settle();
    equal(volumeOf(store, "v")?.status?.phase, "Available");
    await store.put(claim("data"));
    await settle();
    const bound = claimOf(store, "data")!;
    equal(bound.spec.volumeName, "v");
    deepEqual(bound.status, { phase: "Bound", accessModes: ["ReadWriteOnce"], capacity: { storage: "1Gi" } });
    deepEqual(bound.metadata.annotations, {
      "pv.kubernetes.io/bind-completed": "yes",
      "pv.kubernetes.io/bound-by-controller": "yes",
    });
    const { spec: { claimRef }, status } = volumeOf(store, "v")!;
    deepEqual([claimRef?.namespace, claimRef?.name, claimRef?.uid], ["default", "data", bound.metadata.uid]);
    deepEqual(status, { phase: "Bound", lastPhaseTransitionTime: "2026-01-01T00:00:00Z" });
    const { writes } = store;
    await settle();
    equal(store.writes, writes);
  }));

Deno.test("Volumes say once why a claim waits", () =>
  withVolumes(async ({ store, settle }) => {
    await store.put(claim("data"));
    await settle();
    await store.put(claim("other"));
    await settle();
    deepEqual(store.told("data"), [
      "FailedBinding: no persistent volumes available for this claim and no storage class is set",
    ]);
  }));

Deno.test("Volumes are released after their claim, which is kept while a pod uses it", () =>
  withVolumes(async ({ store, settle }) => {
    await store.put(volume("v"));
    await store.put(claim("data", { finalizers: ["kubernetes.io/pvc-protection"] }));
    const volumes = [{ name: "data", persistentVolumeClaim: { claimName: "data" } }];
    const pod = await store.put(testPod("web", { nodeName: "edge-1", volumes }));
    await settle();
    await store.store.change("local", "PersistentVolumeClaim", "default", "data", (_current, end) => end(0));
    await settle();
    equal(claimOf(store, "data")?.status?.phase, "Bound");
    store.store.putStatus("local", "Pod", "default", "web", pod.metadata.uid!, { phase: "Succeeded" });
    await settle();
    equal(claimOf(store, "data"), undefined);
    equal(volumeOf(store, "v")?.status?.phase, "Released");
  }));
