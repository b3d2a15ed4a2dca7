/** PersistentVolume and PersistentVolumeClaim. */
export default `
core.v1.PersistentVolume
  A directory of this node that outlives pods. Pods get it through a PersistentVolumeClaim.
  spec: What and where it is.
  status: Whether a claim has it.

core.v1.PersistentVolumeSpec
  What a volume is: hostPath or local, how large, and for whom.
  capacity: How large it is (storage). Not enforced.
  hostPath: A directory of the node.
  local: A directory of the node that is named in nodeAffinity.
  accessModes: How it may be mounted. With one node, all but ReadWriteOncePod mean the same.
  claimRef: Claim that has it, or that it is kept for.
  persistentVolumeReclaimPolicy: What happens to it when its claim goes. Only Retain has an effect here: the files stay.
  storageClassName: Class that a claim must ask for to get it.
  mountOptions: Options for mounting; of no use for directories.
  volumeMode: Filesystem; Block is not supported by islet.
  nodeAffinity: On which nodes it is. Needed for local.
  volumeAttributesClassName: Class of attributes; of no use for directories.

core.v1.LocalVolumeSource
  A directory of the node.
  path: Path of the directory. It must be there.
  fsType: File system to make on a block device; of no use for directories.

core.v1.VolumeNodeAffinity
  On which nodes a volume is.
  required: What a node must be like for the volume to be used on it.

core.v1.PersistentVolumeStatus
  Whether a claim has a volume.
  phase: Available, Bound, Released (its claim is gone), Failed or Pending.
  message: Why, for people.
  reason: Why, as one word.
  lastPhaseTransitionTime: When phase last changed.

core.v1.PersistentVolumeClaim
  A wish for a PersistentVolume. Pods name it in their volumes.
  spec: What is wanted.
  status: What was given.

core.v1.PersistentVolumeClaimSpec
  What is wanted of a volume. Only the size can be changed later, and only upwards.
  accessModes: How it is to be mounted.
  selector: Which volumes may be taken, by their labels.
  resources: How large it must be (requests.storage).
  volumeName: The volume that it has; set by you to choose one, else when one is found.
  storageClassName: Class that the volume must have; empty for one without.
  volumeMode: Filesystem; Block is not supported by islet.
  dataSource: Content to begin with. Not supported by islet.
  dataSourceRef: Content to begin with. Not supported by islet.
  volumeAttributesClassName: Class of attributes; of no use here.

core.v1.VolumeResourceRequirements
  How large a volume must be.
  limits: At most so much.
  requests: At least so much.

core.v1.PersistentVolumeClaimStatus
  What a claim was given.
  phase: Pending (no volume yet), Bound, or Lost (its volume is gone).
  accessModes: How the volume may be mounted.
  capacity: How large the volume is.
  conditions: Aspects of the claim's state.
  allocatedResources: Size that it is being made larger to.
  allocatedResourceStatuses: How far that is.
  currentVolumeAttributesClassName: Class of attributes in force.
  modifyVolumeStatus: Change of attributes under way.

core.v1.PersistentVolumeClaimCondition
  One aspect of a claim's state.
  type: Which aspect it is.
  status: Whether it holds: True, False or Unknown.
  lastProbeTime: When it was last asked for.
  lastTransitionTime: When status last changed.
  reason: Why, as one word.
  message: Why, for people.
`;
