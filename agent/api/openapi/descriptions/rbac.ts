/** Roles and bindings. */
export default `
rbac.v1.Role
  Things that may be done in one namespace. A RoleBinding says by whom.
  rules: What is allowed; rules only ever add.

rbac.v1.ClusterRole
  Things that may be done in all namespaces, with objects that have none, and with paths. A ClusterRoleBinding says by
  whom; a RoleBinding can grant it for its own namespace.
  rules: What is allowed; rules only ever add.
  aggregationRule: Other ClusterRoles whose rules make up this one's.

rbac.v1.PolicyRule
  What is allowed: verbs on resources, or on paths.
  verbs: get, list, watch, create, update, patch, delete, deletecollection, or * for all.
  apiGroups: Groups of the resources; an empty string is the core group (v1), * is all.
  resources: Resources in plural, with a subresource after a slash: pods, pods/log, * for all.
  resourceNames: Names of the objects. Default: all. Of no use for create, list and watch of everything.
  nonResourceURLs: Paths that are no resources: /metrics, /healthz/*. Only in ClusterRoles.

rbac.v1.AggregationRule
  Which ClusterRoles make up another.
  clusterRoleSelectors: Chosen by their labels.

rbac.v1.RoleBinding
  Who has a role in one namespace.
  subjects: Who.
  roleRef: Which role: a Role of the namespace or a ClusterRole. Cannot be changed.

rbac.v1.ClusterRoleBinding
  Who has a ClusterRole everywhere.
  subjects: Who.
  roleRef: Which ClusterRole. Cannot be changed.

rbac.v1.RoleRef
  A role.
  apiGroup: rbac.authorization.k8s.io.
  kind: Role or ClusterRole.
  name: Its name.

rbac.v1.Subject
  Somebody who is granted something.
  kind: User, Group or ServiceAccount.
  apiGroup: rbac.authorization.k8s.io for User and Group, empty for ServiceAccount. Filled in when left out.
  name: Name of the user (CN of a client certificate), of the group (O) or of the ServiceAccount.
  namespace: Namespace of a ServiceAccount.
`;
