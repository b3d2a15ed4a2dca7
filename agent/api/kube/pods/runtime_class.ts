/** What kube-apiserver's RuntimeClass plugin makes of a new pod: the class's overhead, node selector and tolerations. */
import { deepEqual, type Pod, type Toleration } from "../../../objects/mod.ts";
import { forbidden } from "./refusal.ts";

/** What is read of a node.k8s.io/v1 RuntimeClass. */
export interface RuntimeClass {
  metadata: { name: string };
  handler: string;
  overhead?: { podFixed?: Record<string, string> };
  scheduling?: { nodeSelector?: Record<string, string>; tolerations?: Toleration[] };
}

/** @throws ApiError 403 for a class that does not exist or contradicts the pod. */
export function admitRuntimeClass(pod: Pod, get: (name: string) => RuntimeClass | undefined): void {
  const { spec } = pod;
  const reject = (why: string) => forbidden(pod, `pod rejected: ${why}`);
  const found = spec.runtimeClassName ? get(spec.runtimeClassName) : undefined;
  if (spec.runtimeClassName && !found) throw reject(`RuntimeClass ${JSON.stringify(spec.runtimeClassName)} not found`);
  const overhead = found?.overhead?.podFixed;
  if (overhead) {
    if (spec.overhead && !deepEqual(spec.overhead, overhead)) {
      throw reject("Pod's Overhead doesn't match RuntimeClass's defined Overhead");
    }
    spec.overhead = { ...overhead };
  } else if (spec.overhead && Object.keys(spec.overhead).length > 0) {
    throw reject("Pod Overhead set without corresponding RuntimeClass defined Overhead");
  }
  for (const [key, value] of Object.entries(found?.scheduling?.nodeSelector ?? {})) {
    const own = spec.nodeSelector?.[key];
    if (own !== undefined && own !== value) {
      const both = `runtimeClass.scheduling.nodeSelector[${key}] = ${value}; pod.spec.nodeSelector[${key}] = ${own}`;
      throw forbidden(pod, `conflict: ${both}`);
    }
    spec.nodeSelector = { ...spec.nodeSelector, [key]: value };
  }
  for (const toleration of found?.scheduling?.tolerations ?? []) {
    if (spec.tolerations?.some((each) => deepEqual(each, toleration))) continue;
    spec.tolerations = [...spec.tolerations ?? [], { ...toleration }];
  }
}
