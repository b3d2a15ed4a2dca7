/**
 * What Kubernetes has and this node does not: refused by name, because a field that is accepted and ignored would be a
 * promise not kept.
 */
import type { FieldErrors } from "./field_error.ts";
import { FieldPath } from "./field_path.ts";
import type { AnyObject } from "./kinds.ts";
import type { Pod } from "./pod.ts";
import { containerPath, podContainers } from "./pod_containers.ts";
import { refusedVolumeSources } from "./volume.ts";

const refused = "not supported by islet";

/**
 * Says what of this object cannot be honoured, as written or after defaulting; for `manifest` also what only objects
 * from the API can have.
 */
export function checkSupported(object: AnyObject, errors: FieldErrors, { manifest = false } = {}): void {
  if (object.kind === "Pod") checkPod(object, errors, manifest);
  if (object.kind === "PersistentVolume") {
    const spec = FieldPath.of("spec");
    for (const source of refusedVolumeSources) {
      if (object.spec[source]) errors.forbidden(spec.child(source), `${source} volumes are ${refused}`);
    }
  }
  if (object.kind === "PersistentVolume" || object.kind === "PersistentVolumeClaim") {
    if (object.spec.volumeMode === "Block") {
      errors.notSupported(FieldPath.of("spec", "volumeMode"), "Block", ["Filesystem"]);
    }
  }
}

function checkPod(pod: Pod, errors: FieldErrors, manifest: boolean): void {
  const spec = FieldPath.of("spec");
  const forbid = (path: FieldPath, what: string) => errors.forbidden(path, `${what} ${refused}`);
  for (const [index, volume] of (pod.spec.volumes ?? []).entries()) {
    const path = spec.child("volumes").index(index);
    for (const source of refusedVolumeSources) {
      if (volume[source]) forbid(path.child(source), `${source} volumes are`);
    }
    for (const [at, source] of (volume.projected?.sources ?? []).entries()) {
      const sourcePath = path.child("projected", "sources").index(at);
      if (source.clusterTrustBundle) forbid(sourcePath.child("clusterTrustBundle"), "cluster trust bundles are");
      if (source.podCertificate) forbid(sourcePath.child("podCertificate"), "pod certificates are");
    }
  }
  if (pod.spec.resourceClaims?.length) forbid(spec.child("resourceClaims"), "dynamic resource allocation is");
  // There is no scheduler for pods of manifests that could wait for them.
  if (manifest && pod.spec.schedulingGates?.length) forbid(spec.child("schedulingGates"), "scheduling gates are");
  if (pod.spec.workloadRef) forbid(spec.child("workloadRef"), "workloads are");
  if (pod.spec.os && pod.spec.os.name !== "linux") {
    errors.notSupported(spec.child("os", "name"), pod.spec.os.name, ["linux"]);
  }
  if (pod.spec.securityContext?.windowsOptions) {
    forbid(spec.child("securityContext", "windowsOptions"), "Windows options are");
  }
  for (const each of podContainers(pod)) {
    const { container } = each;
    const path = containerPath(each);
    if (container.securityContext?.windowsOptions) {
      forbid(path.child("securityContext", "windowsOptions"), "Windows options are");
    }
    if (container.volumeDevices?.length) forbid(path.child("volumeDevices"), "raw block devices are");
    if (container.resources?.claims?.length) {
      forbid(path.child("resources", "claims"), "dynamic resource allocation is");
    }
    for (const [at, variable] of (container.env ?? []).entries()) {
      if (variable.valueFrom?.fileKeyRef) {
        forbid(path.child("env").index(at).child("valueFrom", "fileKeyRef"), "variables from files are");
      }
    }
    for (const [at, rule] of (container.restartPolicyRules ?? []).entries()) {
      if (rule.action === "RestartAllContainers") {
        errors.notSupported(path.child("restartPolicyRules").index(at).child("action"), rule.action, ["Restart"]);
      }
    }
  }
}
