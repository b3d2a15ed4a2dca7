import assert from "node:assert/strict";
import type { Pod } from "./pod.ts";
import { podEdit } from "./pod_edit.ts";
import { decoded, type Loose, podValue } from "./testing.ts";

const pod = (spec: Loose = {}, container: Loose = {}, metadata: Loose = {}): Pod =>
  decoded<Pod>({ ...podValue(spec, container), metadata: { name: "web", ...metadata } });

const exists = { key: "a", operator: "Exists" };

const cases: [name: string, old: Pod, wanted: Pod, kind: string, fields: string[]][] = [
  ["nothing", pod(), pod(), "none", []],
  [
    "only the order of keys",
    pod({ hostname: "a", subdomain: "b" }),
    pod({ subdomain: "b", hostname: "a" }),
    "none",
    [],
  ],
  ["labels", pod(), pod({}, {}, { labels: { a: "b" } }), "inPlace", ["metadata.labels"]],
  ["annotations", pod({}, {}, { annotations: { a: "b" } }), pod(), "inPlace", ["metadata.annotations"]],
  ["an image", pod(), pod({}, { image: "web:2" }), "inPlace", ["spec.containers[0].image"]],
  [
    "an image whose tag gives another pull policy",
    pod(),
    pod({}, { image: "web" }),
    "inPlace",
    ["spec.containers[0].image", "spec.containers[0].imagePullPolicy"],
  ],
  ["a pull policy", pod(), pod({}, { imagePullPolicy: "Always" }), "replace", ["spec.containers[0].imagePullPolicy"]],
  [
    "an init container's image",
    pod({ initContainers: [{ name: "i", image: "i:1" }] }),
    pod({ initContainers: [{ name: "i", image: "i:2" }] }),
    "inPlace",
    ["spec.initContainers[0].image"],
  ],
  ["an added toleration", pod(), pod({ tolerations: [exists] }), "inPlace", ["spec.tolerations"]],
  [
    "a toleration's seconds",
    pod({ tolerations: [{ ...exists, effect: "NoExecute", tolerationSeconds: 1 }] }),
    pod({ tolerations: [{ ...exists, effect: "NoExecute", tolerationSeconds: 2 }] }),
    "inPlace",
    ["spec.tolerations"],
  ],
  ["a removed toleration", pod({ tolerations: [exists] }), pod(), "replace", ["spec.tolerations"]],
  ["a deadline", pod(), pod({ activeDeadlineSeconds: 9 }), "inPlace", ["spec.activeDeadlineSeconds"]],
  [
    "a longer deadline",
    pod({ activeDeadlineSeconds: 9 }),
    pod({ activeDeadlineSeconds: 10 }),
    "replace",
    ["spec.activeDeadlineSeconds"],
  ],
  ["no deadline any more", pod({ activeDeadlineSeconds: 9 }), pod(), "replace", ["spec.activeDeadlineSeconds"]],
  ["the grace period", pod(), pod({ terminationGracePeriodSeconds: 5 }), "replace", [
    "spec.terminationGracePeriodSeconds",
  ]],
  ["a variable", pod(), pod({}, { env: [{ name: "A", value: "1" }] }), "replace", ["spec.containers[0].env"]],
  ["a container's name", pod(), pod({}, { name: "other" }), "replace", ["spec.containers[0].name"]],
  [
    "one container more",
    pod(),
    pod({ containers: [{ name: "web", image: "web:1" }, { name: "b", image: "b:1" }] }),
    "replace",
    ["spec.containers"],
  ],
  ["a volume and a label", pod(), pod({ volumes: [{ name: "v" }] }, {}, { labels: { a: "b" } }), "replace", [
    "spec.volumes",
  ]],
  ["another namespace", pod(), pod({}, {}, { namespace: "b" }), "replace", ["metadata.namespace"]],
];

for (const [name, old, wanted, kind, fields] of cases) {
  Deno.test(`podEdit() with ${name} changed is ${kind}`, () => {
    assert.deepEqual(podEdit(old, wanted), { kind, fields });
  });
}

Deno.test("podEdit() does not look at status, uid or node", () => {
  const live = pod();
  live.metadata.uid = "u";
  live.spec.nodeName = "here";
  live.status = { phase: "Running" };
  assert.deepEqual(podEdit(live, pod()), { kind: "none", fields: [] });
});
