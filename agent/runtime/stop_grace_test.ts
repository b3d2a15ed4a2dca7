import assert from "node:assert/strict";
import type { Container } from "../objects/mod.ts";
import { box, podOf, sidecar } from "../resources/testing.ts";
import { containerHash } from "./hash.ts";
import { containerAnnotations } from "./labels.ts";
import { madeWith, recordedContainer, stopRules } from "./stop_grace.ts";

const full: Container = box("web", {}, {}, {
  terminationMessagePath: "/tmp/last",
  terminationMessagePolicy: "FallbackToLogsOnError",
  lifecycle: { preStop: { sleep: { seconds: 3 } } },
  ports: [{ name: "http", containerPort: 8080 }],
});

Deno.test("stopRules() reads back what containerAnnotations() wrote", () => {
  const pod = podOf([full], { terminationGracePeriodSeconds: 45 }, { deletionGracePeriodSeconds: 0 });
  assert.deepEqual(stopRules({ annotations: containerAnnotations(pod, full, 0) }), {
    gracePeriodSeconds: 45,
    deletionGracePeriodSeconds: 0,
    preStop: { sleep: { seconds: 3 } },
    ports: [{ name: "http", containerPort: 8080 }],
    role: "regular",
  });
});

Deno.test("stopRules() knows the role of every kind of container", () => {
  const mesh = box("mesh", {}, {}, sidecar);
  const init = box("init");
  const debug = box("debug");
  const pod = podOf([full], { initContainers: [init, mesh], ephemeralContainers: [debug] });
  const roles = [full, init, mesh, debug].map((one) =>
    stopRules({ annotations: containerAnnotations(pod, one, 0) }).role
  );
  assert.deepEqual(roles, ["regular", "init", "sidecar", "ephemeral"]);
});

Deno.test("stopRules() gives 30 seconds and no hook where nothing can be read", () => {
  const nothing = { gracePeriodSeconds: 30, ports: [], role: "regular" };
  const broken: Record<string, string>[] = [
    {},
    {
      "io.kubernetes.pod.terminationGracePeriod": "soon",
      "io.kubernetes.pod.deletionGracePeriod": "-1",
      "io.kubernetes.container.preStopHandler": "{",
      "io.kubernetes.container.ports": "{}",
      "io.kubernetes.container.type": "?",
    },
    {
      "io.kubernetes.pod.terminationGracePeriod": "",
      "io.kubernetes.container.preStopHandler": "[1]",
      "io.kubernetes.container.ports": '[null, 1, {"name":"x"}]',
    },
  ];
  for (const annotations of broken) assert.deepEqual(stopRules({ annotations }), nothing);
});

Deno.test("recordedContainer() reads back hash, image, restarts and termination message", () => {
  assert.deepEqual(recordedContainer({ annotations: containerAnnotations(podOf([full]), full, 7) }), {
    hash: containerHash(full),
    hashVersion: 1,
    image: "example/web:1",
    restartCount: 7,
    terminationMessagePath: "/tmp/last",
    terminationMessagePolicy: "FallbackToLogsOnError",
  });
});

Deno.test("recordedContainer() takes a container without annotations for nobody's version", () => {
  assert.deepEqual(recordedContainer({ annotations: {} }), {
    hash: "",
    hashVersion: 0,
    image: "",
    restartCount: 0,
    terminationMessagePath: "",
    terminationMessagePolicy: "File",
  });
});

Deno.test("madeWith() reads back the amounts that a container was made with, and none where they were not recorded", () => {
  const resources = { limits: { cpu: "1" }, requests: { cpu: "500m", memory: "64Mi" } };
  const pod = podOf([box("web", {}, {}, { resources })]);
  const annotations = containerAnnotations(pod, pod.spec.containers[0], 0);
  assert.deepEqual(madeWith({ annotations }), resources);
  assert.equal(madeWith({ annotations: {} }), undefined);
  assert.equal(madeWith({ annotations: { "dev.islet/resources": "[" } }), undefined);
});
