/**
 * What kube-apiserver warns of in pods of the API, besides what is warned of in manifests too: accepted, but hardly
 * meant. Texts of `Warning:` headers. Pure.
 */
import { type Container, isQuantity, parseQuantity, type Pod, podContainers } from "../../../objects/mod.ts";

const deprecatedNodeLabels: Readonly<Record<string, string>> = {
  "beta.kubernetes.io/arch": 'deprecated since v1.14; use "kubernetes.io/arch" instead',
  "beta.kubernetes.io/os": 'deprecated since v1.14; use "kubernetes.io/os" instead',
  "failure-domain.beta.kubernetes.io/region": 'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
  "failure-domain.beta.kubernetes.io/zone": 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
  "beta.kubernetes.io/instance-type": 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
};

const seccompPod = "seccomp.security.alpha.kubernetes.io/pod";
const seccompContainer = "container.seccomp.security.alpha.kubernetes.io/";
const appArmorContainer = "container.apparmor.security.beta.kubernetes.io/";

export function podWarnings(pod: Pod): string[] {
  const { metadata, spec } = pod;
  const warnings: string[] = [];
  const duplicates = (items: readonly (string | undefined)[], path: (at: number) => string, what: string) => {
    const seen = new Set<string>();
    for (const [at, item] of items.entries()) {
      if (item === undefined) continue;
      if (seen.has(item)) warnings.push(`${path(at)}: duplicate ${what} ${JSON.stringify(item)}`);
      seen.add(item);
    }
  };

  for (const key of Object.keys(spec.nodeSelector ?? {})) {
    if (deprecatedNodeLabels[key]) warnings.push(`spec.nodeSelector[${key}]: ${deprecatedNodeLabels[key]}`);
  }
  const terms = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  const termsAt = "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms";
  for (const [at, { matchExpressions = [] }] of terms.entries()) {
    for (const [i, { key }] of matchExpressions.entries()) {
      if (!deprecatedNodeLabels[key]) continue;
      warnings.push(`${termsAt}[${at}].matchExpressions[${i}].key: ${key} is ${deprecatedNodeLabels[key]}`);
    }
  }
  for (const [at, { topologyKey, labelSelector }] of (spec.topologySpreadConstraints ?? []).entries()) {
    const path = `spec.topologySpreadConstraints[${at}]`;
    if (deprecatedNodeLabels[topologyKey]) {
      warnings.push(`${path}.topologyKey: ${topologyKey} is ${deprecatedNodeLabels[topologyKey]}`);
    }
    if (!labelSelector) warnings.push(`${path}.labelSelector: a null labelSelector results in matching no pod`);
  }
  for (const key of Object.keys(metadata.annotations ?? {})) {
    const path = `metadata.annotations[${key}]`;
    if (key === seccompPod || key.startsWith(seccompContainer)) {
      warnings.push(`${path}: non-functional in v1.27+; use the "seccompProfile" field instead`);
    } else if (key.startsWith(appArmorContainer)) {
      warnings.push(`${path}: deprecated since v1.30; use the "appArmorProfile" field instead`);
    }
  }
  duplicates((spec.hostAliases ?? []).map(({ ip }) => ip), (at) => `spec.hostAliases[${at}].ip`, "ip");
  const secrets = spec.imagePullSecrets ?? [];
  duplicates(secrets.map(({ name }) => name || undefined), (at) => `spec.imagePullSecrets[${at}].name`, "name");
  for (const [at, { name }] of secrets.entries()) {
    if (!name) warnings.push(`spec.imagePullSecrets[${at}].name: invalid empty name ${JSON.stringify("")}`);
  }
  if ((spec.terminationGracePeriodSeconds ?? 0) < 0) {
    warnings.push(
      "spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1",
    );
  }
  for (const { container, role, path } of podContainers(pod)) {
    if (role !== "ephemeral") aboutContainer(container, path, warnings);
  }
  return warnings;
}

function aboutContainer(container: Container, path: string, warnings: string[]): void {
  for (const field of ["limits", "requests"] as const) {
    const value = container.resources?.[field]?.["ephemeral-storage"];
    if (value === undefined || !isQuantity(value) || parseQuantity(value) % 1_000_000_000n === 0n) continue;
    const wrong = `fractional byte value ${JSON.stringify(String(value))} is invalid, must be an integer`;
    warnings.push(`${path}.resources.${field}[ephemeral-storage]: ${wrong}`);
  }
  const seen = new Map<string, number>();
  for (const [at, { containerPort, protocol, hostPort, hostIP }] of (container.ports ?? []).entries()) {
    const port = JSON.stringify([containerPort, protocol, hostPort, hostIP]);
    const first = seen.get(port);
    if (first === undefined) seen.set(port, at);
    else warnings.push(`${path}.ports[${at}]: duplicate port definition with ${path}.ports[${first}]`);
  }
}
