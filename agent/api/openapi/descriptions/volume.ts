/** Volumes of pods. */
export default `
core.v1.Volume
  Something that containers of a pod can mount: exactly one source.
  name: Name of the volume, a DNS label, unique in the pod.
  emptyDir: An empty directory that lives as long as the pod.
  hostPath: A file or directory of the node.
  configMap: Files from a ConfigMap.
  secret: Files from a Secret, in memory.
  projected: Files from several sources in one directory.
  downwardAPI: Files with fields of the pod itself.
  persistentVolumeClaim: A PersistentVolumeClaim of the same namespace.

core.v1.EmptyDirVolumeSource
  An empty directory that lives as long as the pod.
  medium: Where it is: empty for the node's disk, Memory for a tmpfs, which counts as memory of the containers.
  sizeLimit: The most that it may hold. For Memory it is the size of the tmpfs.

core.v1.HostPathVolumeSource
  A file or directory of the node. It stays when the pod goes.
  path: Path on the node.
  type: What must be there, or is made if it is missing (DirectoryOrCreate, FileOrCreate). Default: nothing is checked.

core.v1.ConfigMapVolumeSource
  Files from a ConfigMap. They follow its changes within a minute or so, except with subPath.
  name: Name of the ConfigMap.
  items: Which keys become which files. Default: all, under their names.
  defaultMode: Mode of the files, 0 to 0777. In JSON as a decimal number. Default 0644.
  optional: Whether the ConfigMap or its keys may be missing.

core.v1.SecretVolumeSource
  Files from a Secret, in memory. They follow its changes, except with subPath.
  secretName: Name of the Secret.
  items: Which keys become which files. Default: all, under their names.
  defaultMode: Mode of the files, 0 to 0777. In JSON as a decimal number. Default 0644.
  optional: Whether the Secret or its keys may be missing.

core.v1.KeyToPath
  A key and the file that it becomes.
  key: The key.
  path: The file, relative to the volume, without '..'.
  mode: Mode of the file, instead of defaultMode.

core.v1.DownwardAPIVolumeSource
  Files with fields of the pod itself.
  items: The files.
  defaultMode: Mode of the files, 0 to 0777. Default 0644.

core.v1.DownwardAPIVolumeFile
  A file with a field of the pod.
  path: The file, relative to the volume, without '..'.
  fieldRef: The field: metadata.name, metadata.namespace, metadata.uid, metadata.labels, metadata.annotations, or one
    label or annotation as metadata.labels['KEY'].
  resourceFieldRef: A request or limit of a container.
  mode: Mode of the file, instead of defaultMode.

core.v1.ObjectFieldSelector
  A field of the pod.
  apiVersion: Version in which fieldPath is written. Default v1.
  fieldPath: The field: metadata.name.

core.v1.ResourceFieldSelector
  A request or limit of a container.
  containerName: The container. Needed in volumes; in env the container itself is meant.
  resource: Which one: limits.cpu, limits.memory, requests.cpu, requests.memory, requests.ephemeral-storage.
  divisor: Unit in which the amount is written, rounded up: 1, 1m, 1Mi. Default 1.

core.v1.ProjectedVolumeSource
  Files from several sources in one directory.
  sources: The sources.
  defaultMode: Mode of the files, 0 to 0777. Default 0644.

core.v1.VolumeProjection
  A source of a projected volume: exactly one of these.
  secret: Keys of a Secret.
  configMap: Keys of a ConfigMap.
  downwardAPI: Fields of the pod.
  serviceAccountToken: A token of the pod's ServiceAccount, renewed before it ends.
  clusterTrustBundle: Certificates of a ClusterTrustBundle. Not supported by islet.
  podCertificate: A certificate for the pod. Not supported by islet.

core.v1.SecretProjection
  Keys of a Secret as files.
  name: Name of the Secret.
  items: Which keys become which files. Default: all, under their names.
  optional: Whether the Secret or its keys may be missing.

core.v1.ConfigMapProjection
  Keys of a ConfigMap as files.
  name: Name of the ConfigMap.
  items: Which keys become which files. Default: all, under their names.
  optional: Whether the ConfigMap or its keys may be missing.

core.v1.DownwardAPIProjection
  Fields of the pod as files.
  items: The files.

core.v1.ServiceAccountTokenProjection
  A token of the pod's ServiceAccount as a file.
  audience: Whom the token is for. Default: this API.
  expirationSeconds: Seconds for which a token is good, at least 600. Default 3600.
  path: The file, relative to the volume.

core.v1.ClusterTrustBundleProjection
  Certificates of a ClusterTrustBundle as a file.
  name: Name of one bundle.
  signerName: Signer whose bundles are meant.
  labelSelector: Which of the signer's bundles.
  optional: Whether the bundle may be missing.
  path: The file, relative to the volume.

core.v1.PersistentVolumeClaimVolumeSource
  A PersistentVolumeClaim of the same namespace.
  claimName: Name of the claim.
  readOnly: Mount it read-only everywhere. Default false.

core.v1.VolumeMount
  Where a volume appears in a container.
  name: Name of one of the pod's volumes.
  mountPath: Path in the container, without ':'.
  readOnly: Whether it cannot be written there. Default false.
  recursiveReadOnly: Whether mounts below are read-only too: Disabled, IfPossible or Enabled. Needs readOnly.
  subPath: Path in the volume that is mounted instead of its root. It does not follow changes of ConfigMaps and Secrets.
  subPathExpr: As subPath, with $(NAME) for variables of the container.
  mountPropagation: Whether later mounts are seen: None, HostToContainer (those of the node appear in the container) or
    Bidirectional (and the other way round; privileged containers only). Default None.

core.v1.VolumeDevice
  A raw block device. Not supported by islet.
  name: Name of one of the pod's volumes.
  devicePath: Path of the device in the container.
`;
