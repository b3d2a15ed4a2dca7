import assert from "node:assert/strict";
import { allKinds } from "../../objects/kinds.ts";
import { fieldView, type ListView, type TypeView, viewOf } from "./schema_view.ts";

function viewAt(kind: string, path: string): TypeView {
  const info = allKinds.find((one) => one.kind === kind)!;
  let view = viewOf(info.schema());
  for (const step of path.split(".")) {
    const below = step === "[]" ? (view as ListView).item : fieldView(view, step);
    assert.ok(below, `${kind} has no ${path}`);
    view = below;
  }
  return view;
}

function rule(view: TypeView): string {
  if (view.t === "list") {
    const strategic = view.mergeKey === undefined ? view.strategy : `${view.strategy} by ${view.mergeKey}`;
    return `${view.listType} [${view.keys}] ${strategic}`;
  }
  return "atomic" in view ? `${view.atomic ? "atomic" : "granular"} ${view.t}` : view.t;
}

/** From the published OpenAPI of Kubernetes 1.36. */
const rules: [kind: string, path: string, rule: string][] = [
  ["Pod", "metadata.labels", "granular map"],
  ["Pod", "metadata.finalizers", "set [] merge"],
  ["Pod", "metadata.ownerReferences", "map [uid] merge by uid"],
  ["Pod", "metadata.ownerReferences.[]", "atomic struct"],
  ["Pod", "metadata.managedFields", "atomic [] replace"],
  ["Pod", "spec.containers", "map [name] merge by name"],
  ["Pod", "spec.containers.[].ports", "map [containerPort,protocol] merge by containerPort"],
  ["Pod", "spec.containers.[].env", "map [name] merge by name"],
  ["Pod", "spec.containers.[].env.[].valueFrom.configMapKeyRef", "atomic struct"],
  ["Pod", "spec.containers.[].env.[].valueFrom.fieldRef", "atomic struct"],
  ["Pod", "spec.containers.[].envFrom", "atomic [] replace"],
  ["Pod", "spec.containers.[].envFrom.[].configMapRef", "granular struct"],
  ["Pod", "spec.containers.[].command", "atomic [] replace"],
  ["Pod", "spec.containers.[].volumeMounts", "map [mountPath] merge by mountPath"],
  ["Pod", "spec.containers.[].volumeDevices", "map [devicePath] merge by devicePath"],
  ["Pod", "spec.containers.[].resizePolicy", "atomic [] replace"],
  ["Pod", "spec.containers.[].resources.limits", "granular map"],
  ["Pod", "spec.containers.[].resources.claims", "map [name] replace"],
  ["Pod", "spec.initContainers", "map [name] merge by name"],
  ["Pod", "spec.ephemeralContainers", "map [name] merge by name"],
  ["Pod", "spec.volumes", "map [name] merge by name"],
  ["Pod", "spec.volumes.[].projected.sources", "atomic [] replace"],
  ["Pod", "spec.imagePullSecrets", "map [name] merge by name"],
  ["Pod", "spec.hostAliases", "map [ip] merge by ip"],
  ["Pod", "spec.tolerations", "atomic [] replace"],
  ["Pod", "spec.nodeSelector", "atomic map"],
  ["Pod", "spec.topologySpreadConstraints", "map [topologyKey,whenUnsatisfiable] merge by topologyKey"],
  ["Pod", "spec.topologySpreadConstraints.[].labelSelector", "atomic struct"],
  ["Pod", "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution", "atomic struct"],
  ["Pod", "spec.securityContext.supplementalGroups", "atomic [] replace"],
  ["Pod", "spec.resourceClaims", "map [name] merge by name"],
  ["Pod", "spec.schedulingGates", "map [name] merge by name"],
  ["Pod", "status.conditions", "map [type] merge by type"],
  ["Pod", "status.podIPs", "map [ip] merge by ip"],
  ["Pod", "status.hostIPs", "atomic [] merge by ip"],
  ["Pod", "status.containerStatuses", "atomic [] replace"],
  ["Service", "spec.ports", "map [port,protocol] merge by port"],
  ["Service", "spec.selector", "atomic map"],
  ["Service", "spec.clusterIPs", "atomic [] replace"],
  ["ServiceAccount", "secrets", "map [name] merge by name"],
  ["ServiceAccount", "imagePullSecrets", "atomic [] replace"],
  ["PersistentVolume", "spec.claimRef", "granular struct"],
  ["PersistentVolume", "spec.nodeAffinity.required", "atomic struct"],
  ["PersistentVolumeClaim", "spec.selector", "atomic struct"],
  ["EndpointSlice", "endpoints", "atomic [] replace"],
  ["Node", "spec.taints", "atomic [] replace"],
  ["Node", "spec.podCIDRs", "set [] merge"],
  ["Node", "status.addresses", "map [type] merge by type"],
  ["Role", "rules", "atomic [] replace"],
  ["RoleBinding", "roleRef", "atomic struct"],
  ["ConfigMap", "data", "granular map"],
];

for (const [kind, path, expected] of rules) {
  Deno.test(`${path} of a ${kind} is known as ${expected}`, () => {
    assert.equal(rule(viewAt(kind, path)), expected);
  });
}

Deno.test("elements that do not say their key have the published default", () => {
  const defaults = (kind: string, path: string) => (viewAt(kind, path) as ListView).keyDefaults;
  assert.deepEqual(defaults("Pod", "spec.containers.[].ports"), { containerPort: 0, protocol: "TCP" });
  assert.deepEqual(defaults("Service", "spec.ports"), { port: 0, protocol: "TCP" });
  assert.deepEqual(defaults("Pod", "spec.imagePullSecrets"), { name: "" });
  assert.deepEqual(defaults("ServiceAccount", "secrets"), {});
});

Deno.test("a schema has one view", () => {
  const { schema } = allKinds[0];
  assert.equal(viewOf(schema()), viewOf(schema()));
});
