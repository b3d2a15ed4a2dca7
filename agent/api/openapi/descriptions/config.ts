/** ConfigMap, Secret, ServiceAccount, Namespace. */
export default `
core.v1.ConfigMap
  Configuration for pods: texts by key, used as files or variables. At most 1 MiB.
  immutable: Whether the data can no longer be changed. Cannot be taken back.
  data: Texts by key. Keys: letters, digits, '-', '_' and '.'.
  binaryData: Bytes by key, in base64. A key must not be in data as well.

core.v1.Secret
  Passwords, keys and the like for pods, used as files or variables. At most 1 MiB.
  immutable: Whether the data can no longer be changed. Cannot be taken back.
  data: Bytes by key, in base64.
  stringData: Texts by key, to save you the base64: written into data, never shown.
  type: What it is for: Opaque (default), kubernetes.io/dockerconfigjson, kubernetes.io/tls, kubernetes.io/basic-auth,
    kubernetes.io/ssh-auth. Each wants certain keys. Cannot be changed.

core.v1.ServiceAccount
  Whom programs in pods are, when they talk to this API. What they may do is said by RoleBindings.
  secrets: Secrets that belong to the account; no longer filled in.
  imagePullSecrets: Secrets with credentials for registries that pods of this account get.
  automountServiceAccountToken: Whether pods of this account get its credentials. Default true.

core.v1.Namespace
  A part of the API that has its own names.
  spec: What keeps it from being removed.
  status: Whether it is in use.

core.v1.NamespaceSpec
  What keeps a namespace from being removed.
  finalizers: Names of those who clean up when it goes: kubernetes.

core.v1.NamespaceStatus
  Whether a namespace is in use.
  phase: Active, or Terminating once it was deleted and until everything in it is gone.
  conditions: What holds its removal up.

core.v1.NamespaceCondition
  One aspect of a namespace's state.
  type: Which aspect it is.
  status: Whether it holds: True, False or Unknown.
  lastTransitionTime: When status last changed.
  reason: Why, as one word.
  message: Why, for people.
`;
