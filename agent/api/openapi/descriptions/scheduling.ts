/** Where a pod wants to run. */
export default `
core.v1.Affinity
  Which nodes, and which pods beside it, a pod wants or does not want.
  nodeAffinity: Which nodes, by their labels.
  podAffinity: Which pods it wants to be near to. Has no effect on a single node beyond what the scheduler checks.
  podAntiAffinity: Which pods it wants to be away from.

core.v1.NodeAffinity
  Which nodes a pod wants.
  requiredDuringSchedulingIgnoredDuringExecution: What the node must be like for the pod to be placed.
  preferredDuringSchedulingIgnoredDuringExecution: What the node would better be like. Has no effect with one node.

core.v1.NodeSelector
  A choice of nodes: those for which at least one term holds.
  nodeSelectorTerms: The terms, at least one.

core.v1.NodeSelectorTerm
  Conditions that must hold all together. An empty term chooses nothing.
  matchExpressions: Conditions on the node's labels.
  matchFields: Conditions on the node's fields; only metadata.name is known.

core.v1.NodeSelectorRequirement
  A condition on a label or field of a node.
  key: The label's or field's name.
  operator: In, NotIn, Exists, DoesNotExist, Gt or Lt.
  values: What it is compared with: for In and NotIn at least one, for Gt and Lt one integer, else none.

core.v1.PreferredSchedulingTerm
  A preference for nodes.
  weight: How much it counts, 1 to 100.
  preference: The nodes.

core.v1.PodAffinity
  Which pods a pod wants to be near to.
  requiredDuringSchedulingIgnoredDuringExecution: Pods that must be there.
  preferredDuringSchedulingIgnoredDuringExecution: Pods that would better be there.

core.v1.PodAntiAffinity
  Which pods a pod wants to be away from.
  requiredDuringSchedulingIgnoredDuringExecution: Pods that must not be there.
  preferredDuringSchedulingIgnoredDuringExecution: Pods that would better not be there.

core.v1.WeightedPodAffinityTerm
  A preference for or against pods.
  weight: How much it counts, 1 to 100.
  podAffinityTerm: The pods.

core.v1.PodAffinityTerm
  Pods, and what counts as near.
  labelSelector: Which pods, by their labels.
  namespaces: Namespaces of those pods. Default: the pod's own.
  namespaceSelector: Namespaces of those pods, by their labels.
  topologyKey: Label of nodes; nodes with the same value of it are near to each other.
  matchLabelKeys: Labels whose values are taken from the pod itself.
  mismatchLabelKeys: Labels whose values must differ from the pod's own.

core.v1.Toleration
  A taint that a pod puts up with.
  key: Key of the taint; empty, with operator Exists, is all.
  operator: Exists: whatever its value. Equal: this value. Gt, Lt: compared as integers. Default Equal.
  value: Value of the taint.
  effect: Effect of the taint; empty is all.
  tolerationSeconds: For NoExecute: for how many seconds. Default: for ever.

core.v1.TopologySpreadConstraint
  How pods are spread over nodes. With one node there is nothing to spread.
  maxSkew: How unequal it may be, at least 1.
  topologyKey: Label of nodes that makes the parts between which pods are spread.
  whenUnsatisfiable: DoNotSchedule: the pod waits. ScheduleAnyway: it is placed all the same.
  labelSelector: Which pods are counted.
  minDomains: How many parts there must be at least.
  nodeAffinityPolicy: Whether nodes that the pod's affinity leaves out count: Honor or Ignore.
  nodeTaintsPolicy: Whether nodes whose taints keep the pod out count: Honor or Ignore.
  matchLabelKeys: Labels whose values are taken from the pod itself.
`;
