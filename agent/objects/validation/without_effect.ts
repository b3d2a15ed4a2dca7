/**
 * What is right and has no effect on this node, or less than it says: a field that is passed over in silence would be a
 * promise not kept. What a pod cannot run without is refused instead (`unsupported.ts`).
 */
import type { Container } from "../container.ts";
import type { FieldErrors } from "../field_error.ts";
import { FieldPath } from "../field_path.ts";
import type { AnyObject } from "../kinds.ts";
import type { Pod, PodSpec } from "../pod.ts";
import { containerPath, podContainers } from "../pod_containers.ts";

const spec = FieldPath.of("spec");

/** Adds a warning for each such field of an object as written. */
export function warnWithoutEffect(object: AnyObject, problems: FieldErrors, manifest: boolean): void {
  if (manifest) aboutManifest(object, problems);
  if (object.kind === "Pod") aboutPod(object, problems);
  if (object.kind === "PersistentVolume") {
    const policy = object.spec.persistentVolumeReclaimPolicy;
    if (policy === "Delete" || policy === "Recycle") {
      problems.warn(spec.child("persistentVolumeReclaimPolicy"), `${policy} has no effect: the files stay`);
    }
  }
}

/** What would have an effect if the API had been asked. */
function aboutManifest(object: AnyObject, problems: FieldErrors): void {
  if (object.metadata?.finalizers?.length) {
    problems.warn(FieldPath.of("metadata", "finalizers"), "has no effect: the object goes with its manifest");
  }
  if (object.kind === "Pod") aboutManifestPod(object, problems);
}

function aboutPod(pod: Pod, problems: FieldErrors): void {
  for (const [index, { emptyDir }] of (pod.spec.volumes ?? []).entries()) {
    if (emptyDir?.sizeLimit === undefined || emptyDir.medium === "Memory") continue;
    const path = spec.child("volumes").index(index).child("emptyDir", "sizeLimit");
    problems.warn(path, "is not enforced on disk in this version: the volume may grow beyond it");
  }
  for (const each of podContainers(pod)) aboutContainer(each.container, containerPath(each), problems);
}

function aboutManifestPod(pod: Pod, problems: FieldErrors): void {
  aboutScheduling(pod.spec, problems);
  for (const each of podContainers(pod)) {
    if (!each.container.resizePolicy?.length) continue;
    const at = containerPath(each).child("resizePolicy");
    problems.warn(at, "has no effect: an edit of resources makes a new pod in this version");
  }
}

/** There is no scheduler: a pod of a manifest is for this node. */
function aboutScheduling({ schedulerName, affinity, topologySpreadConstraints }: PodSpec, problems: FieldErrors): void {
  const nobody = "has no effect: no scheduler is asked about pods of manifests";
  if (schedulerName && schedulerName !== "default-scheduler") problems.warn(spec.child("schedulerName"), nobody);
  for (const field of ["podAffinity", "podAntiAffinity"] as const) {
    if (affinity?.[field]) problems.warn(spec.child("affinity", field), nobody);
  }
  if (topologySpreadConstraints?.length) problems.warn(spec.child("topologySpreadConstraints"), nobody);
}

function aboutContainer({ resources }: Container, path: FieldPath, problems: FieldErrors): void {
  if (resources?.limits?.["ephemeral-storage"] !== undefined) {
    const limit = path.child("resources", "limits").key("ephemeral-storage");
    problems.warn(limit, "is not enforced in this version: the container may use more disk");
  }
  const named = Object.keys({ ...resources?.requests, ...resources?.limits });
  for (const name of named.filter((each) => each.includes("/"))) {
    const list = resources?.limits?.[name] !== undefined ? "limits" : "requests";
    const what = "has no effect: this node has no device plugins, the container runs without it";
    problems.warn(path.child("resources", list).key(name), what);
  }
}
