import assert from "node:assert/strict";
import type { Pod } from "./pod.ts";
import { findContainer, isSidecar, podContainers } from "./pod_containers.ts";

const pod = {
  spec: {
    initContainers: [{ name: "init", image: "i" }, { name: "side", image: "s", restartPolicy: "Always" }],
    containers: [{ name: "web", image: "w", restartPolicy: "Always" }],
    ephemeralContainers: [{ name: "debug", image: "d" }],
  },
} as Pick<Pod, "spec">;

Deno.test("podContainers() walks all lists in start order and knows each container's role", () => {
  assert.deepEqual(podContainers(pod).map(({ container, role, path }) => [container.name, role, path]), [
    ["init", "init", "spec.initContainers[0]"],
    ["side", "sidecar", "spec.initContainers[1]"],
    ["web", "regular", "spec.containers[0]"],
    ["debug", "ephemeral", "spec.ephemeralContainers[0]"],
  ]);
  assert.deepEqual(podContainers({ spec: { containers: [] } }), []);
});

Deno.test("findContainer() and isSidecar() find and tell", () => {
  assert.equal(findContainer(pod, "side")?.index, 1);
  assert.equal(findContainer(pod, "none"), undefined);
  assert.ok(isSidecar({ restartPolicy: "Always" }));
  assert.ok(!isSidecar({ restartPolicy: "OnFailure" }) && !isSidecar({}));
});
