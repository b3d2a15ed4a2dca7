/** Events, leases, classes. */
export default `
core.v1.Event
  Something that happened to an object. Kept in memory, for a while.
  involvedObject: What it happened to.
  reason: What happened, as one word: Pulled, BackOff.
  message: What happened, for people.
  source: Who tells of it.
  firstTimestamp: When it first happened.
  lastTimestamp: When it last happened.
  count: How often it happened.
  type: Normal or Warning.
  eventTime: When it was first seen, in the newer form.
  series: That it keeps happening.
  action: What was done or failed.
  related: Another object that it has to do with.
  reportingComponent: Who tells of it: kubelet, example.com/my-controller.
  reportingInstance: Which one of them: the node's name.

core.v1.EventSource
  Who tells of an event.
  component: Its name.
  host: Node that it runs on.

core.v1.EventSeries
  That an event keeps happening.
  count: How often so far.
  lastObservedTime: When it was last seen.

events.v1.Event
  Something that happened to an object, in the newer form.
  eventTime: When it was first seen.
  series: That it keeps happening.
  reportingController: Who tells of it.
  reportingInstance: Which one of them: the node's name.
  action: What was done or failed.
  reason: What happened, as one word.
  regarding: What it happened to.
  related: Another object that it has to do with.
  note: What happened, for people.
  type: Normal or Warning.
  deprecatedSource: Who tells of it, in the older form.
  deprecatedFirstTimestamp: When it first happened, in the older form.
  deprecatedLastTimestamp: When it last happened, in the older form.
  deprecatedCount: How often it happened, in the older form.

events.v1.EventSeries
  That an event keeps happening.
  count: How often so far.
  lastObservedTime: When it was last seen.

coordination.v1.Lease
  Who holds something, and until when: programs choose a leader with it. Kept in memory.
  spec: Holder and times.

coordination.v1.LeaseSpec
  Who holds a lease.
  holderIdentity: Name of the holder; empty when nobody holds it.
  leaseDurationSeconds: Seconds after renewTime after which others may take it.
  acquireTime: When the holder got it.
  renewTime: When the holder last confirmed it.
  leaseTransitions: How often it has changed hands.
  strategy: How the next holder is chosen among candidates.
  preferredHolder: Who should ask for it next.

scheduling.v1.PriorityClass
  A name for a pod's importance. system-node-critical and system-cluster-critical are always there.
  value: The importance; pods with a higher one are evicted later. At most 1000000000. Cannot be changed.
  globalDefault: Whether pods without a class get this one.
  description: When to use it, for people.
  preemptionPolicy: Whether its pods may push aside less important ones. Default PreemptLowerPriority.

node.v1.RuntimeClass
  A name for a way to run pods.
  handler: Handler of the container runtime, as its configuration names it. Cannot be changed.
  overhead: What a pod costs besides its containers.
  scheduling: What its pods need of a node.

node.v1.Overhead
  What a pod costs besides its containers.
  podFixed: By resource.

node.v1.Scheduling
  What pods of a class need of a node.
  nodeSelector: Labels that the node must have; added to the pods' own.
  tolerations: Tolerations; added to the pods' own.
`;
