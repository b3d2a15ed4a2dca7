import assert from "node:assert/strict";
import type { Container } from "../objects/mod.ts";
import { box, podOf, sidecar, testUid } from "../resources/testing.ts";
import { containerHash } from "./hash.ts";
import {
  containerAnnotations,
  containerLabels,
  formatPod,
  ownSelector,
  readIdentity,
  sandboxAnnotations,
  sandboxLabels,
} from "./labels.ts";

const full: Container = box("web", {}, {}, {
  terminationMessagePath: "/dev/termination-log",
  terminationMessagePolicy: "File",
  lifecycle: { preStop: { httpGet: { path: "/bye", port: "http" } } },
  ports: [{ name: "http", containerPort: 8080, protocol: "TCP" }],
});

const fromFile = { "dev.islet/source-file": "/etc/pods/web.yaml", "dev.islet/spec-hash": "5pec" };

Deno.test("sandboxLabels() writes the pod's labels, kubelet's and islet's", () => {
  const pod = podOf([full], {}, { labels: { app: "web" }, annotations: fromFile });
  assert.deepEqual(sandboxLabels(pod, "node-1"), {
    app: "web",
    "io.kubernetes.pod.name": "web",
    "io.kubernetes.pod.namespace": "shop",
    "io.kubernetes.pod.uid": testUid,
    "dev.islet/owner": "node-1",
    "dev.islet/source-file": "/etc/pods/web.yaml",
    "dev.islet/spec-hash": "5pec",
  });
  assert.deepEqual(sandboxAnnotations(pod), fromFile);
});

Deno.test("sandboxLabels() takes no identity from the pod's own labels", () => {
  const labels = {
    "io.kubernetes.pod.uid": "stolen",
    "dev.islet/owner": "stolen",
    "dev.islet/source-file": "stolen",
    "dev.islet/spec-hash": "stolen",
  };
  const got = sandboxLabels(podOf([full], {}, { labels }), "node-1");
  assert.equal(Object.values(got).includes("stolen"), false);
});

Deno.test("sandboxLabels() leaves a path out that containerd would refuse; the annotations still have it", () => {
  const file = "/" + "ü".repeat(2040);
  const pod = podOf([full], {}, { annotations: { "dev.islet/source-file": file } });
  const labels = sandboxLabels(pod, "node-1");
  assert.equal("dev.islet/source-file" in labels, false);
  assert.equal(readIdentity({ labels, annotations: sandboxAnnotations(pod) })?.sourceFile, file);
});

Deno.test("containerLabels() says whose container it is", () => {
  assert.deepEqual(containerLabels(podOf([full]), full, "node-1"), {
    "io.kubernetes.pod.name": "web",
    "io.kubernetes.pod.namespace": "shop",
    "io.kubernetes.pod.uid": testUid,
    "io.kubernetes.container.name": "web",
    "dev.islet/owner": "node-1",
  });
});

Deno.test("containerAnnotations() writes what it takes to end the container by its own rules", () => {
  const pod = podOf([full], { terminationGracePeriodSeconds: 45 }, { deletionGracePeriodSeconds: 5 });
  assert.deepEqual(containerAnnotations(pod, full, 3), {
    "io.kubernetes.container.hash": containerHash(full),
    "dev.islet/container-hash-version": "1",
    "dev.islet/image": "example/web:1",
    "dev.islet/resources": JSON.stringify({ limits: {}, requests: {} }),
    "io.kubernetes.container.restartCount": "3",
    "io.kubernetes.container.terminationMessagePath": "/dev/termination-log",
    "io.kubernetes.container.terminationMessagePolicy": "File",
    "io.kubernetes.pod.deletionGracePeriod": "5",
    "io.kubernetes.pod.terminationGracePeriod": "45",
    "io.kubernetes.container.preStopHandler": '{"httpGet":{"path":"/bye","port":"http"}}',
    "io.kubernetes.container.ports": '[{"name":"http","containerPort":8080,"protocol":"TCP"}]',
    "io.kubernetes.container.type": "container",
  });
});

Deno.test("containerAnnotations() leaves out what a plain container does not have, and tells sidecars from init containers", () => {
  const mesh = box("mesh", {}, {}, sidecar);
  const init = box("init");
  const pod = podOf([box("web")], { initContainers: [init, mesh] });
  const plain = Object.keys(containerAnnotations(pod, box("web"), 0));
  for (const absent of ["preStopHandler", "ports", "GracePeriod", "role"]) {
    assert.equal(plain.some((name) => name.endsWith(absent)), false, absent);
  }
  assert.equal(containerAnnotations(pod, init, 0)["io.kubernetes.container.type"], "init");
  assert.equal(containerAnnotations(pod, init, 0)["dev.islet/role"], undefined);
  assert.equal(containerAnnotations(pod, mesh, 0)["io.kubernetes.container.type"], "init");
  assert.equal(containerAnnotations(pod, mesh, 0)["dev.islet/role"], "sidecar");
});

Deno.test("readIdentity() reads back what was written", () => {
  const pod = podOf([full], {}, { annotations: fromFile });
  const base = { uid: testUid, namespace: "shop", name: "web", owner: "node-1" };
  assert.deepEqual(readIdentity({ labels: sandboxLabels(pod, "node-1"), annotations: {} }), {
    ...base,
    container: undefined,
    sourceFile: "/etc/pods/web.yaml",
    specHash: "5pec",
  });
  assert.deepEqual(readIdentity({ labels: containerLabels(pod, full, "node-1"), annotations: {} }), {
    ...base,
    container: "web",
    sourceFile: undefined,
    specHash: undefined,
  });
  assert.equal(readIdentity({ labels: { "io.kubernetes.pod.name": "web" }, annotations: {} }), undefined);
});

Deno.test("ownSelector() finds what is ours and of it one pod's", () => {
  assert.deepEqual(ownSelector("node-1"), { "dev.islet/owner": "node-1" });
  assert.deepEqual(ownSelector("node-1", "u"), { "dev.islet/owner": "node-1", "io.kubernetes.pod.uid": "u" });
});

Deno.test("formatPod() names a pod as kubelet's messages do", () => {
  assert.equal(formatPod(podOf([full])), `web_shop(${testUid})`);
  assert.equal(formatPod(podOf([full], {}, { namespace: undefined })), `web_default(${testUid})`);
});
