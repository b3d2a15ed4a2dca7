/** What the scheduler looks at: plain data, so that plans are pure. */
import type { PersistentVolume, PersistentVolumeClaim, Pod } from "../../objects/mod.ts";
import type { Labels } from "../label_selector.ts";
import type { Taint } from "../../node/mod.ts";

/** The node as far as it matters for who may be placed on it. */
export interface SchedulableNode {
  name: string;
  labels: Labels;
  taints: readonly Taint[];
  unschedulable: boolean;
}

export interface SchedulerState {
  /** Undefined: it is not registered yet. */
  node: SchedulableNode | undefined;
  /** All pods, also those that are placed. */
  pods: readonly Pod[];
  claim(namespace: string, name: string): PersistentVolumeClaim | undefined;
  volume(name: string): PersistentVolume | undefined;
  /** Labels of a namespace; undefined when there is none of that name. */
  namespaceLabels(name: string): Labels | undefined;
}

/** Why a pod may not be placed on the node. */
export interface Misfit {
  /** As a filter tells of a node: `node(s) were unschedulable`. */
  reason: string;
  /** It holds for the pod whatever the node: told without a number of nodes. */
  ofPod?: boolean;
  /** Ending other pods could help; nobody does that here. */
  preemptible?: boolean;
}
