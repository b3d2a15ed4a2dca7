/** Where Kubernetes' OpenAPI says otherwise than our schemas which fields are required. */

/** The schemas need them so that code can rely on them; clients may leave them out. */
const optional: Readonly<Record<string, readonly string[]>> = {
  "meta.v1.ObjectMeta": ["name"],
  "core.v1.Container": ["image"],
  "core.v1.EphemeralContainer": ["image"],
  "core.v1.Pod": ["spec"],
  "core.v1.Service": ["spec"],
  "core.v1.PersistentVolume": ["spec"],
  "core.v1.PersistentVolumeClaim": ["spec"],
  "core.v1.Node": ["spec"],
};

/** Lists and maps that our schemas take as empty when they are absent. */
const required: Readonly<Record<string, readonly string[]>> = {
  "meta.v1.Condition": ["lastTransitionTime", "message", "reason"],
  "core.v1.Event": ["metadata"],
  "core.v1.NodeSelector": ["nodeSelectorTerms"],
  "discovery.v1.Endpoint": ["addresses"],
  "discovery.v1.EndpointSlice": ["endpoints"],
  "rbac.v1.PolicyRule": ["verbs"],
  "rbac.v1.RoleRef": ["apiGroup"],
  "authorization.v1.ResourceRule": ["verbs"],
  "authorization.v1.NonResourceRule": ["verbs"],
  "authorization.v1.SubjectRulesReviewStatus": ["nonResourceRules", "resourceRules"],
  "authentication.v1.TokenRequestSpec": ["audiences"],
  "metrics.v1beta1.ContainerMetrics": ["usage"],
  "metrics.v1beta1.PodMetrics": ["containers", "timestamp"],
  "metrics.v1beta1.NodeMetrics": ["timestamp", "usage"],
};

/** Whether a field is required, as clients see it. */
export function isRequired(definition: string, field: string, inSchema: boolean, isKind: boolean): boolean {
  if (required[definition]?.includes(field)) return true;
  if (!inSchema || optional[definition]?.includes(field)) return false;
  return !(isKind && ["apiVersion", "kind", "metadata"].includes(field));
}

/** The tables above, for the test that looks for what no longer exists. */
export const overrides = { optional, required };
