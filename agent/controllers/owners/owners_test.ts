import { deepEqual, equal } from "node:assert/strict";
import { findKind } from "../../objects/mod.ts";
import { testPod, TestStore } from "../testing.ts";
import { Owners } from "./mod.ts";

async function withOwners(test: (given: { store: TestStore; settle: () => Promise<void> }) => Promise<void>) {
  await using store = new TestStore();
  const owners = new Owners({ ...store, store: store.store, nodeName: "edge-1", knows: findKind });
  owners.start();
  await test({ store, settle: () => store.settle(owners) });
  await owners.stop();
}

const map = (name: string, metadata: Record<string, unknown> = {}) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, namespace: "default", ...metadata },
});
const owned = (by: { metadata: { name: string; uid?: string } }, more: Record<string, unknown> = {}) => ({
  ownerReferences: [{ apiVersion: "v1", kind: "ConfigMap", name: by.metadata.name, uid: by.metadata.uid, ...more }],
});
const end = (store: TestStore, name: string) =>
  store.store.change("local", "ConfigMap", "default", name, (_current, end) => end(0));

Deno.test("Owners take their dependents with them, pods with their grace", () =>
  withOwners(async ({ store, settle }) => {
    const owner = await store.put(map("owner"));
    await store.put(map("child", owned(owner)));
    await store.put(testPod("web", { nodeName: "edge-1" }, owned(owner)));
    await settle();
    equal(store.get("ConfigMap", "default", "child")?.metadata.name, "child");
    await store.remove("ConfigMap", "default", "owner");
    await settle();
    equal(store.get("ConfigMap", "default", "child"), undefined);
    equal(store.pod("web")?.metadata.deletionGracePeriodSeconds, 30);
  }));

Deno.test("Owners that are deleted in the foreground go after their dependents", () =>
  withOwners(async ({ store, settle }) => {
    const owner = await store.put(map("owner", { finalizers: ["foregroundDeletion"] }));
    await store.put(testPod("web", { nodeName: "edge-1" }, owned(owner, { blockOwnerDeletion: true })));
    await end(store, "owner");
    await settle();
    equal(typeof store.pod("web")?.metadata.deletionTimestamp, "string");
    equal(store.get("ConfigMap", "default", "owner")?.metadata.name, "owner");
    await store.remove("Pod", "default", "web");
    await settle();
    equal(store.get("ConfigMap", "default", "owner"), undefined);
  }));

Deno.test("Owners that leave orphans go, and the orphans stay", () =>
  withOwners(async ({ store, settle }) => {
    const owner = await store.put(map("owner", { finalizers: ["orphan"] }));
    await store.put(map("child", owned(owner)));
    await end(store, "owner");
    await settle();
    equal(store.get("ConfigMap", "default", "owner"), undefined);
    deepEqual(
      (store.get("ConfigMap", "default", "child")?.metadata as { ownerReferences?: unknown }).ownerReferences,
      undefined,
    );
  }));

Deno.test("Owners are not looked for while only statuses change", () =>
  withOwners(async ({ store, settle }) => {
    const pod = await store.put(testPod("web"));
    await settle();
    const { writes } = store;
    store.store.putStatus("local", "Pod", "default", "web", pod.metadata.uid!, { phase: "Running" });
    await settle();
    equal(store.writes, writes + 1);
  }));
