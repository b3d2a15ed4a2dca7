/**
 * Pods: what kube-apiserver and its admission plugins make of one on this node.
 *
 *     create  ─► account, priority, runtime class, tolerations ─► stored, Pending ─► the scheduler binds it
 *     delete  ─► marked with its grace; the pod's worker removes the row. Never bound, over or forced: gone at once
 *
 * Pods of the manifest directory are shown like all others and changed by their file alone.
 */
import type { Pod, ServiceAccount } from "../../../objects/mod.ts";
import { qosClass } from "../../../resources/mod.ts";
import { podColumns, podRow } from "../../printers/pod.ts";
import { deletionGrace } from "../../../node/mod.ts";
import { binding } from "../pods/binding.ts";
import { eviction } from "../pods/eviction.ts";
import { podFields } from "../pods/fields.ts";
import { guardManifestPod } from "../pods/guard.ts";
import { resolveLabelKeys } from "../pods/label_keys.ts";
import { podParts } from "../pods/parts.ts";
import { admitPriority, type PriorityClass } from "../pods/priority.ts";
import { admitRuntimeClass, type RuntimeClass } from "../pods/runtime_class.ts";
import { admitServiceAccount } from "../pods/service_account.ts";
import { addDefaultTolerations } from "../pods/tolerations.ts";
import { podWarnings } from "../pods/warnings.ts";
import type { Backend, Resource, Strategy, Subresource } from "../types.ts";

/** What admission looks up: objects of the pod's own realm. */
export interface PodLookup {
  get<T>(kind: string, namespace: string, name: string): T | undefined;
  list<T>(kind: string): T[];
  /** Resolves when the object is there, or does not come in time. */
  appears?(kind: string, namespace: string, name: string): Promise<void>;
}

/** The account that every namespace has. */
const accountName = "default";

export interface PodResourceDeps {
  backend: Backend<Pod>;
  lookup: PodLookup;
  nodeName: string;
  clock: { now(): number };
  /** Streams: log, exec, attach, portforward. */
  subresources?: Readonly<Record<string, Subresource>>;
  /** Five letters that nobody has guessed. */
  suffix?: () => string;
}

export function podResource(deps: PodResourceDeps): Resource<Pod> {
  const { backend, lookup, nodeName, clock, subresources, suffix = nameSuffix } = deps;
  const resource: Resource<Pod> = {
    group: "",
    version: "v1",
    kind: "Pod",
    plural: "pods",
    singular: "pod",
    shortNames: ["po"],
    categories: ["all"],
    namespaced: true,
    verbs: ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"],
    backend,
    strategy: podStrategy(lookup, nodeName, suffix),
    fields: podFields,
    printer: { columns: columns(), cells: podRow },
    hasStatus: true,
    parts: podParts,
    subresources: {
      ...subresources,
      eviction: eviction(() => resource, clock),
      binding: binding(() => resource, nodeName, clock),
    },
  };
  return resource;
}

export function podStrategy(
  lookup: PodLookup,
  nodeName: string,
  suffix: () => string = nameSuffix,
): Strategy<Pod> {
  return {
    prepareForCreate(pod) {
      const { metadata: { namespace = "" }, spec: { serviceAccountName } } = pod;
      const account = (name: string) => lookup.get<ServiceAccount>("ServiceAccount", namespace, name);
      const admit = () => {
        admitServiceAccount(pod, account, suffix);
        addDefaultTolerations(pod);
        admitPriority(pod, {
          get: (name) => lookup.get<PriorityClass>("PriorityClass", "", name),
          list: () => lookup.list<PriorityClass>("PriorityClass"),
        });
        admitRuntimeClass(pod, (name) => lookup.get<RuntimeClass>("RuntimeClass", "", name));
        resolveLabelKeys(pod);
        pod.status = initialStatus(pod);
        return pod;
      };
      const isDefault = (serviceAccountName || accountName) === accountName;
      if (!lookup.appears || !isDefault || account(accountName)) return admit();
      // made a moment after its namespace: who applies both at once has done nothing wrong
      return lookup.appears("ServiceAccount", namespace, accountName).then(admit);
    },
    prepareForUpdate(pod, current) {
      // What was filled in at the beginning stays, also where a client replaces the pod by what it once sent.
      addDefaultTolerations(pod);
      pod.spec.priority ??= current.spec.priority;
      pod.spec.preemptionPolicy ??= current.spec.preemptionPolicy;
      pod.status = current.status;
      return pod;
    },
    guard: guardManifestPod,
    remove(current, { gracePeriodSeconds }) {
      const graceSeconds = deletionGrace(current, gracePeriodSeconds, nodeName);
      return graceSeconds > 0 ? { graceSeconds } : undefined;
    },
    warnings: podWarnings,
    returnsDeleted: true,
  };
}

function initialStatus(pod: Pod): NonNullable<Pod["status"]> {
  const gated = (pod.spec.schedulingGates ?? []).length > 0;
  return {
    phase: "Pending",
    ...(gated
      ? {
        conditions: [{
          type: "PodScheduled",
          status: "False",
          reason: "SchedulingGated",
          message: "Scheduling is blocked due to non-empty scheduling gates",
        }],
      }
      : {}),
    qosClass: qosClass(pod),
  };
}

function columns() {
  return podColumns.map(({ name, description, wide }) => ({
    name,
    type: "string" as const,
    ...(name === "Name" ? { format: "name" } : {}),
    description,
    priority: wide ? 1 as const : 0 as const,
  }));
}

/** Letters of which no words are made, as generateName has them. */
const letters = "bcdfghjklmnpqrstvwxz2456789";

function nameSuffix(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(5)), (byte) => letters[byte % letters.length]).join("");
}
