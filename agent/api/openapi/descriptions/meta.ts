/** What all kinds share. */
export default `
meta.v1.TypeMeta
  apiVersion: Version of the API that the object is written for: v1, or group and version as in discovery.k8s.io/v1.
  kind: What the object is, in CamelCase: Pod, Service.
  metadata: Name, namespace, labels and what else every object has.

meta.v1.ObjectMeta
  What every object has: its name, labels, and what the system notes about it.
  name: Name of the object, unique among the objects of its kind in its namespace. Cannot be changed. For most kinds
    lower case letters, digits, '-' and '.', at most 253 characters.
  generateName: Beginning of a name that the API makes up when name is left out: web- becomes web-x7k2p. Only when
    creating by the API, not in manifests.
  namespace: Namespace of the object; default when left out. Empty for kinds that belong to the whole node. Cannot be
    changed.
  selfLink: No longer filled in.
  uid: A name for this object alone in space and time, given when it is created; an object of the same name that comes
    later has another one.
  resourceVersion: Version of the object, to be compared for equality alone. A write that names an older version is
    refused as a conflict.
  generation: Goes up by one whenever the desired state (spec) changes.
  creationTimestamp: When the object was created.
  deletionTimestamp: When the object is to be gone, set by the first delete. Finalizers and the time that a pod gets to
    end may keep it for longer.
  deletionGracePeriodSeconds: Seconds between the delete and deletionTimestamp. Can only be shortened.
  labels: Words to find objects by: selectors of Services and of lists choose by them.
  annotations: Notes of people and programs, not used to choose objects by.
  ownerReferences: Objects that this one belongs to. When the last of them is gone, it is removed too.
  finalizers: Names of those who want to clean up before the object goes; it stays until the list is empty.
  managedFields: Which fields each client manages by apply. Written by the API, seldom of interest to people.

meta.v1.OwnerReference
  The owner of an object.
  apiVersion: apiVersion of the owner.
  kind: Kind of the owner.
  name: Name of the owner, in the same namespace.
  uid: uid of the owner.
  controller: Whether this owner is the one that manages the object.
  blockOwnerDeletion: Whether a deletion of the owner in the foreground waits for this object.

meta.v1.ManagedFieldsEntry
  The fields that one client manages.
  manager: The client's name: kubectl-client-side-apply.
  operation: Apply for server-side apply, else Update.
  apiVersion: Version of the API in which the fields are written.
  time: When the entry last changed.
  fieldsType: Form of fieldsV1; always FieldsV1.
  fieldsV1: The fields.
  subresource: Through which subresource they were written, if any: status.

meta.v1.FieldsV1
  A set of fields as a tree: f:NAME is a field, k:KEYS an item of a list, v:VALUE an item of a set.

meta.v1.LabelSelector
  Chooses objects by their labels. All conditions must hold; an empty selector chooses all, an absent one none.
  matchLabels: Labels that objects must have with exactly these values.
  matchExpressions: Conditions on labels.

meta.v1.LabelSelectorRequirement
  A condition on one label.
  key: The label's name.
  operator: In, NotIn, Exists or DoesNotExist.
  values: What the label's value is compared with; for In and NotIn at least one, for the others none.

meta.v1.FieldSelectorRequirement
  A condition on one field.
  key: The field's path: spec.nodeName.
  operator: In, NotIn, Exists or DoesNotExist.
  values: What the field's value is compared with.

meta.v1.Condition
  One aspect of an object's state.
  type: Which aspect it is.
  status: Whether it holds: True, False or Unknown.
  observedGeneration: The generation of the object that this was found out about.
  lastTransitionTime: When status last changed.
  reason: Why, as one word for programs.
  message: Why, for people.

meta.v1.ListMeta
  What a list says about itself.
  selfLink: No longer filled in.
  resourceVersion: Version of the whole list; a watch can begin there.
  continue: Where the list goes on, when it was cut by limit.
  remainingItemCount: How many objects are left after this part.

meta.v1.DeleteOptions
  How to delete.
  apiVersion: v1, or the group and version of the object; may be left out.
  kind: DeleteOptions; may be left out.
  gracePeriodSeconds: Seconds that a pod gets to end; 0 is at once. Default: the pod's own terminationGracePeriodSeconds.
  preconditions: What must hold of the object, else nothing is deleted.
  orphanDependents: Older form of propagationPolicy: true is Orphan, false is Background.
  propagationPolicy: What happens to objects that belong to this one: Orphan leaves them, Background removes them
    afterwards, Foreground before.
  dryRun: All: check only, delete nothing.
  ignoreStoreReadErrorWithClusterBreakingPotential: Has no effect on this node.

meta.v1.Preconditions
  What must hold of an object for it to be changed.
  uid: Its uid.
  resourceVersion: Its resourceVersion.

meta.v1.Status
  How a request ended, when it is not answered by an object.
  metadata: Metadata of lists; empty here.
  status: Success or Failure.
  message: What happened, for people.
  reason: Why, as one word: NotFound, Conflict, Invalid, Forbidden.
  details: What the reason is about.
  code: The HTTP status code.

meta.v1.StatusDetails
  What a failure is about.
  name: Name of the object.
  group: API group of the object.
  kind: Kind or resource of the object.
  uid: uid of the object.
  causes: Each thing that is wrong, with the field it is about.
  retryAfterSeconds: After how many seconds it may be worth another try.

meta.v1.StatusCause
  One thing that is wrong.
  reason: What sort of mistake it is: FieldValueInvalid, FieldValueRequired.
  message: What is wrong, for people.
  field: The field: spec.containers[0].image.

meta.v1.Patch
  A change of an object: a JSON patch (a list of operations), a merge patch, a strategic merge patch, or, for apply, the
  fields that the client wants to have.

meta.v1.Time
  A moment, as RFC 3339 writes it: 2026-01-31T12:00:00Z.

meta.v1.MicroTime
  A moment with millionths of a second: 2026-01-31T12:00:00.000000Z.

resource.Quantity
  An amount: 100m (thousandths), 1.5, 64Mi (powers of two: Ki, Mi, Gi, Ti), 500M (powers of ten: k, M, G, T), 2e3.

intstr.IntOrString
  A number or a name.

core.v1.ObjectReference
  Points to an object, or to a part of one.
  kind: Kind of the object.
  namespace: Namespace of the object.
  name: Name of the object.
  uid: uid of the object.
  apiVersion: apiVersion of the object.
  resourceVersion: Version of the object that is meant.
  fieldPath: Part of the object: spec.containers{web} is the container web of a pod.

core.v1.LocalObjectReference
  Points to an object in the same namespace.
  name: Name of the object.
`;
