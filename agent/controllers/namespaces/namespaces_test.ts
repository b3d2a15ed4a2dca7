import { deepEqual, equal } from "node:assert/strict";
import type { Namespace } from "../../objects/mod.ts";
import { pluralOf } from "../plural.ts";
import { testPod, TestStore } from "../testing.ts";
import { Namespaces } from "./mod.ts";

async function withNamespaces(test: (given: { store: TestStore; settle: () => Promise<void> }) => Promise<void>) {
  await using store = new TestStore();
  const namespaces = new Namespaces({
    ...store,
    store: store.store,
    nodeName: "edge-1",
    ca: () => "PEM",
    resource: pluralOf,
  });
  await namespaces.start();
  await store.settle(namespaces);
  await test({ store, settle: () => store.settle(namespaces) });
  await namespaces.stop();
}

const map = (namespace: string, name: string, metadata: Record<string, unknown> = {}) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, namespace, ...metadata },
  data: {},
});

/** What DELETE of a namespace does. */
async function end(store: TestStore, name: string): Promise<void> {
  await store.store.change("local", "Namespace", "", name, (_current, end) => end(0));
}

const namespaceOf = (store: TestStore, name: string) => store.get<Namespace>("Namespace", "", name);

Deno.test("Namespaces are there from the beginning, each with its account and the CA", () =>
  withNamespaces(async ({ store, settle }) => {
    for (const name of ["default", "kube-node-lease", "kube-public", "kube-system"]) {
      equal(namespaceOf(store, name)?.status?.phase, "Active");
      equal(store.get("ServiceAccount", name, "default")?.metadata.name, "default");
      deepEqual((store.get("ConfigMap", name, "kube-root-ca.crt") as { data?: unknown })?.data, { "ca.crt": "PEM" });
    }
    const { writes } = store;
    await settle();
    equal(store.writes, writes);
  }));

Deno.test("Namespaces come with what names them; what the node made is made again", () =>
  withNamespaces(async ({ store, settle }) => {
    await store.put(map("shop", "settings"));
    await settle();
    equal(namespaceOf(store, "shop")?.spec?.finalizers?.[0], "kubernetes");
    await store.remove("ServiceAccount", "shop", "default");
    await settle();
    equal(store.get("ServiceAccount", "shop", "default")?.metadata.name, "default");
  }));

Deno.test("Namespaces end with all that is in them, pods with their grace", () =>
  withNamespaces(async ({ store, settle }) => {
    await store.put(map("shop", "settings"));
    await store.put(testPod("web", { nodeName: "edge-1" }, { namespace: "shop" }));
    await store.put(testPod("waiting", {}, { namespace: "shop" }));
    await settle();
    await end(store, "shop");
    await settle();
    equal(store.get("ConfigMap", "shop", "settings"), undefined);
    equal(store.get("Pod", "shop", "waiting"), undefined);
    equal(store.get("Pod", "shop", "web")?.metadata.deletionGracePeriodSeconds, 30);
    const shop = namespaceOf(store, "shop");
    equal(shop?.status?.phase, "Terminating");
    equal(
      shop?.status?.conditions?.find(({ type }) => type === "NamespaceContentRemaining")?.message,
      "Some resources are remaining: pods has 1 resource instances",
    );
    await store.remove("Pod", "shop", "web");
    await settle();
    equal(namespaceOf(store, "shop"), undefined);
    equal(store.get("ServiceAccount", "shop", "default"), undefined);
  }));

Deno.test("Namespaces wait for finalizers of their content and of their own", () =>
  withNamespaces(async ({ store, settle }) => {
    await store.put(map("shop", "held", { finalizers: ["example.com/hold"] }));
    await settle();
    const shop = namespaceOf(store, "shop")!;
    await store.put({ ...shop, metadata: { ...shop.metadata, finalizers: ["example.com/own"] } });
    await end(store, "shop");
    await settle();
    equal(namespaceOf(store, "shop")?.status?.phase, "Terminating");
    await store.remove("ConfigMap", "shop", "held");
    await settle();
    deepEqual(namespaceOf(store, "shop")?.spec, {});
    const { metadata, ...rest } = namespaceOf(store, "shop")!;
    await store.put({ ...rest, metadata: { ...metadata, finalizers: [] } });
    await settle();
    equal(namespaceOf(store, "shop"), undefined);
  }));

Deno.test("Namespaces whose manifest is gone leave nothing of the node's behind", () =>
  withNamespaces(async ({ store, settle }) => {
    await store.put({ apiVersion: "v1", kind: "Namespace", metadata: { name: "mine" }, spec: {} });
    await settle();
    equal(namespaceOf(store, "mine")?.status?.phase, "Active");
    equal(store.get("ServiceAccount", "mine", "default")?.metadata.name, "default");
    await store.remove("Namespace", "", "mine");
    await settle();
    equal(store.get("ServiceAccount", "mine", "default"), undefined);
    equal(store.get("ConfigMap", "mine", "kube-root-ca.crt"), undefined);
  }));

Deno.test("Namespaces that a manifest names while they end come back", () =>
  withNamespaces(async ({ store, settle }) => {
    await store.put(map("shop", "settings"));
    await settle();
    const before = namespaceOf(store, "shop")?.metadata.uid;
    await store.put(map("shop", "filed", { annotations: { "kubernetes.io/config.source": "file" } }));
    await end(store, "shop");
    await settle();
    const after = namespaceOf(store, "shop");
    equal(after?.status?.phase, "Active");
    equal(after?.metadata.uid === before, false);
    equal(store.get("ConfigMap", "shop", "settings"), undefined);
    equal(store.get("ConfigMap", "shop", "filed")?.metadata.name, "filed");
  }));
