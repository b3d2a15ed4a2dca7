import assert from "node:assert/strict";
import { podNameLabel, podNamespaceLabel, podUidLabel } from "../runtime/labels.ts";
import { orphanPod } from "./orphan.ts";
import { attempt, container, ended, observed, pod, sandbox } from "./testing.ts";

const labels = { [podNameLabel]: "web", [podNamespaceLabel]: "shop", [podUidLabel]: "u1" };
const always = { restartPolicy: "Always" as const };
const preStop = { exec: { command: ["bye"] } };
const of = pod({
  terminationGracePeriodSeconds: 77,
  initContainers: [container("mesh", always), container("one"), container("late", always)],
  containers: [container("web", { lifecycle: { preStop }, ports: [{ name: "http", containerPort: 80 }] })],
});

Deno.test("orphanPod() reads back who the pod was and how its containers end", () => {
  const found = orphanPod(observed([sandbox({ labels })], [attempt(of, "web")]));
  assert.deepEqual(found.metadata, { name: "web", namespace: "shop", uid: "u1" });
  assert.equal(found.spec.terminationGracePeriodSeconds, 77);
  assert.deepEqual(found.spec.containers[0].lifecycle?.preStop, preStop);
  assert.equal(found.spec.containers[0].ports?.[0].containerPort, 80);
});

Deno.test("orphanPod() has sidecars in the order of their first start, whatever was restarted since", () => {
  const found = orphanPod(observed([sandbox({ labels })], [
    attempt(of, "mesh", { attempt: 3, createdAt: 9000 }),
    ended(of, "mesh", 1, { attempt: 0, createdAt: 1000 }),
    attempt(of, "web", { createdAt: 5000 }),
    attempt(of, "late", { createdAt: 4000 }),
    ended(of, "one", 0, { createdAt: 2000 }),
  ]));
  assert.deepEqual(found.spec.initContainers?.map(({ name }) => name), ["mesh", "one", "late"]);
  assert.deepEqual(found.spec.initContainers?.map(({ restartPolicy }) => restartPolicy), [
    "Always",
    undefined,
    "Always",
  ]);
  assert.deepEqual(found.spec.containers.map(({ name }) => name), ["web"]);
});

Deno.test("orphanPod() takes the grace of a deletion that was under way", () => {
  const deleting = pod({ terminationGracePeriodSeconds: 77 }, { deletionGracePeriodSeconds: 3 });
  assert.equal(orphanPod(observed([], [attempt(deleting, "web")])).spec.terminationGracePeriodSeconds, 3);
});

Deno.test("orphanPod() can name a pod of which only a sandbox or only containers are left", () => {
  assert.equal(orphanPod(observed([sandbox({ labels })])).metadata.name, "web");
  const only = orphanPod({ ...observed([], [attempt(of, "web", { labels })]), name: "", namespace: "" });
  assert.deepEqual(only.metadata, { name: "web", namespace: "shop", uid: "u1" });
});
