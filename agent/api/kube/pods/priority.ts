/** What kube-apiserver's Priority plugin makes of a new pod: a number and a preemption policy from a class. */
import { type Pod, systemPriorities } from "../../../objects/mod.ts";
import { forbidden } from "./refusal.ts";

/** What is read of a scheduling.k8s.io/v1 PriorityClass. */
export interface PriorityClass {
  metadata: { name: string };
  value: number;
  globalDefault?: boolean;
  preemptionPolicy?: "Never" | "PreemptLowerPriority";
}

export interface PriorityClasses {
  get(name: string): PriorityClass | undefined;
  list(): PriorityClass[];
}

/** @throws ApiError 403 for a class that does not exist, and for numbers that are not the class's. */
export function admitPriority(pod: Pod, classes: PriorityClasses): void {
  const { spec } = pod;
  const chosen = spec.priorityClassName ? named(spec.priorityClassName, classes) : globalDefault(classes);
  if (spec.priorityClassName && !chosen) {
    throw forbidden(pod, `no PriorityClass with name ${spec.priorityClassName} was found`);
  }
  const priority = chosen?.value ?? 0;
  const policy = chosen?.preemptionPolicy ?? "PreemptLowerPriority";
  const computed = (what: string) =>
    `must not be provided in pod spec; priority admission controller computed ${what} from the given PriorityClass name`;
  if (spec.priority !== undefined && spec.priority !== priority) {
    throw forbidden(pod, `the integer value of priority (${spec.priority}) ${computed(String(priority))}`);
  }
  if (spec.preemptionPolicy !== undefined && spec.preemptionPolicy !== policy) {
    throw forbidden(pod, `the string value of PreemptionPolicy (${spec.preemptionPolicy}) ${computed(policy)}`);
  }
  if (chosen) spec.priorityClassName = chosen.metadata.name;
  spec.priority = priority;
  spec.preemptionPolicy = policy;
}

/** The two system classes are there without being stored. */
function named(name: string, classes: PriorityClasses): PriorityClass | undefined {
  const stored = classes.get(name);
  if (stored || !Object.hasOwn(systemPriorities, name)) return stored;
  return { metadata: { name }, value: systemPriorities[name] };
}

/** Of several defaults the lowest counts. */
function globalDefault(classes: PriorityClasses): PriorityClass | undefined {
  return classes.list().filter((each) => each.globalDefault).sort((a, b) => a.value - b.value)[0];
}
