/** Pods that are there: what of them may change by update, by the status, and by adding ephemeral containers. */
import type { Container } from "../../container.ts";
import type { FieldErrors } from "../../field_error.ts";
import { FieldPath } from "../../field_path.ts";
import type { Pod, PodSpec } from "../../pod.ts";
import { isSidecar } from "../../pod_containers.ts";
import type { ContainerStatus } from "../../pod_status.ts";
import { validateNodeAffinityUpdate, validateNodeSelectorUpdate } from "./gated_pod.ts";
import { checkImmutable } from "./meta.ts";
import { dns1123Subdomain, ipAddress, qualifiedName } from "../names.ts";
import { valueDiff } from "./diff.ts";
import { sameValue } from "./same.ts";

const spec = FieldPath.of("spec");

/** As kube-apiserver lists them. */
const updatable = [
  "`spec.containers[*].image`",
  "`spec.initContainers[*].image`",
  "`spec.activeDeadlineSeconds`",
  "`spec.tolerations` (only additions to existing tolerations)",
  "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)",
];

/** What only a new pod must not have. */
export function validatePodCreate(pod: Pod, errors: FieldErrors): void {
  if (pod.spec.ephemeralContainers?.length) {
    errors.forbidden(spec.child("ephemeralContainers"), "cannot be set on create");
  }
  if (pod.spec.nodeName && pod.spec.schedulingGates?.length) {
    errors.forbidden(spec.child("nodeName"), "cannot be set until all schedulingGates have been cleared");
  }
}

export function validatePodUpdate(pod: Pod, current: Pod, errors: FieldErrors): void {
  const [now, old] = [pod.spec, current.spec];
  for (const list of ["containers", "initContainers"] as const) {
    if (!validateImages(now[list] ?? [], old[list] ?? [], spec.child(list), errors)) return;
  }
  if (!validateDeadline(now.activeDeadlineSeconds, old.activeDeadlineSeconds, errors)) return;
  validateTolerations(now, old, errors);
  validateGates(now, old, errors);
  if (sameValue(now, old)) return;
  // What may change is put back; the rest has to be the same.
  const rest: PodSpec = {
    ...now,
    containers: withImages(now.containers, old.containers),
    ...(now.initContainers && { initContainers: withImages(now.initContainers, old.initContainers ?? []) }),
    activeDeadlineSeconds: old.activeDeadlineSeconds,
    schedulingGates: old.schedulingGates,
    tolerations: old.tolerations,
  };
  if ((old.terminationGracePeriodSeconds ?? 0) < 0 && now.terminationGracePeriodSeconds === 1) {
    rest.terminationGracePeriodSeconds = old.terminationGracePeriodSeconds;
  }
  if (old.schedulingGates?.length) {
    validateNodeSelectorUpdate(now, old, errors);
    rest.nodeSelector = old.nodeSelector;
    validateNodeAffinityUpdate(now, old, errors);
    const { nodeAffinity: _, ...others } = now.affinity ?? {};
    const affinity = { ...others, ...(old.affinity?.nodeAffinity && { nodeAffinity: old.affinity.nodeAffinity }) };
    rest.affinity = Object.keys(affinity).length || old.affinity ? affinity : undefined;
  }
  if (sameValue(rest, old)) return;
  const what = `pod updates may not change fields other than ${updatable.join(",")}`;
  errors.forbidden(spec, `${what}\n${valueDiff("core.PodSpec", old, rest)}`);
}

function withImages(now: Container[], old: Container[]): Container[] {
  return now.map((container, index) => ({ ...container, image: old[index].image }));
}

/** @returns whether there are as many containers as before */
function validateImages(now: Container[], old: Container[], path: FieldPath, errors: FieldErrors): boolean {
  if (now.length === old.length) return true;
  errors.forbidden(path, "pod updates may not add or remove containers");
  return false;
}

/** A deadline may be set or brought forward, not put off or taken away. @returns whether the rest is worth a look */
function validateDeadline(now: number | undefined, old: number | undefined, errors: FieldErrors): boolean {
  const path = spec.child("activeDeadlineSeconds");
  if (now === undefined) {
    if (old !== undefined) errors.invalid(path, now, "must not update from a positive integer to nil value");
    return true;
  }
  if (now < 0 || now > 2147483647) return false; // named already
  if (old === undefined || now <= old) return true;
  errors.invalid(path, now, "must be less than or equal to previous value");
  return false;
}

function validateTolerations(
  { tolerations: now = [] }: PodSpec,
  { tolerations: old = [] }: PodSpec,
  errors: FieldErrors,
) {
  for (const toleration of old) {
    const kept = now.some((other) => sameValue({ ...toleration, tolerationSeconds: other.tolerationSeconds }, other));
    if (kept) continue;
    const detail = "existing toleration can not be modified except its tolerationSeconds";
    return errors.forbidden(spec.child("tolerations"), detail);
  }
}

function validateGates(
  { schedulingGates: now = [] }: PodSpec,
  { schedulingGates: old = [] }: PodSpec,
  errors: FieldErrors,
) {
  for (const [index, { name }] of now.entries()) {
    if (old.some((gate) => gate.name === name)) continue;
    const path = spec.child("schedulingGates").index(index).child("name");
    errors.forbidden(path, `only deletion is allowed, but found new scheduling gate '${name}'`);
  }
}

/** The subresource `ephemeralcontainers`: more may come, those that are there stay as they are. */
export function validateEphemeralContainersUpdate(pod: Pod, current: Pod, errors: FieldErrors): void {
  const path = spec.child("ephemeralContainers");
  const now = pod.spec.ephemeralContainers ?? [];
  for (const container of current.spec.ephemeralContainers ?? []) {
    const other = now.find(({ name }) => name === container.name);
    const quoted = JSON.stringify(container.name);
    if (!other) errors.forbidden(path, `existing ephemeral containers ${quoted} may not be removed\n`);
    else if (!sameValue(container, other)) {
      const diff = valueDiff("core.EphemeralContainer", container, other);
      errors.forbidden(path, `existing ephemeral containers ${quoted} may not be changed\n${diff}`);
    }
  }
}

const systemConditions = new Set(["PodScheduled", "Ready", "Initialized"]);

export function validatePodStatusUpdate(pod: Pod, current: Pod, errors: FieldErrors): void {
  const path = FieldPath.of("status");
  const [now, old] = [pod.status ?? {}, current.status ?? {}];
  for (const [index, { type }] of (now.conditions ?? []).entries()) {
    // kube-apiserver has this path: conditions below the metadata, with a capital T.
    const at = FieldPath.of("metadata", "conditions").index(index).child("Type");
    if (!systemConditions.has(type)) errors.invalidAll(at, type, qualifiedName(type));
  }
  if (pod.spec.nodeName !== current.spec.nodeName) {
    errors.forbidden(path.child("nodeName"), "may not be changed directly");
  }
  if (now.nominatedNodeName && now.nominatedNodeName !== old.nominatedNodeName) {
    errors.invalidAll(path.child("nominatedNodeName"), now.nominatedNodeName, dns1123Subdomain(now.nominatedNodeName));
  }
  checkImmutable(now.qosClass, old.qosClass, path.child("qosClass"), errors);
  const policy = current.spec.restartPolicy;
  const restarts = ({ state }: ContainerStatus) => policy === "OnFailure" && state?.terminated?.exitCode !== 0;
  const sidecars = new Set((pod.spec.initContainers ?? []).filter(isSidecar).map(({ name }) => name));
  const isSide = ({ name }: ContainerStatus) => sidecars.has(name);
  const lists = {
    containerStatuses: (status: ContainerStatus) => policy === "Always" || restarts(status),
    initContainerStatuses: (status: ContainerStatus) => policy === "Always" || restarts(status) || isSide(status),
    ephemeralContainerStatuses: () => false,
  };
  for (
    const [list, mayRunAgain] of Object.entries(lists) as [keyof typeof lists, typeof lists["containerStatuses"]][]
  ) {
    for (const [index, status] of (old[list] ?? []).entries()) {
      if (!status.state?.terminated || mayRunAgain(status)) continue;
      const next = now[list]?.find(({ name }) => name === status.name);
      if (!next || next.state?.terminated) continue;
      const at = path.child(list).index(index).child("state");
      errors.forbidden(at, "may not be transitioned to non-terminated state");
    }
  }
  for (const [index, { ip }] of (now.podIPs ?? []).entries()) {
    errors.invalidAll(path.child("podIPs").index(index), ip, ipAddress(ip));
  }
  for (const [index, { ip }] of (now.hostIPs ?? []).entries()) {
    errors.invalidAll(path.child("hostIPs").index(index), ip, ipAddress(ip));
  }
}
