/**
 * The whole table of fields, and the ways to look one up.
 */
import type { DocumentKind, Field } from "./field.ts";
import { flagFields, isletFields } from "./islet_fields.ts";
import { kubeletFields } from "./kubelet_fields.ts";
import { proxyFields } from "./proxy_fields.ts";

export const allFields: readonly Field[] = [...isletFields, ...kubeletFields, ...proxyFields, ...flagFields];

/** Document kinds by `apiVersion/kind`. */
export const documentKinds: Readonly<Record<string, Exclude<DocumentKind, "flag">>> = {
  "kubelet.config.k8s.io/v1beta1/KubeletConfiguration": "KubeletConfiguration",
  "kubeproxy.config.k8s.io/v1alpha1/KubeProxyConfiguration": "KubeProxyConfiguration",
  "islet.dev/v1alpha1/IsletConfiguration": "IsletConfiguration",
};

/** By flag name without dashes. The first field that claims a name has it. */
export function fieldsByFlag(): Map<string, Field> {
  const fields = new Map<string, Field>();
  for (const field of allFields) {
    for (const flag of field.flags) if (!fields.has(flag)) fields.set(flag, field);
  }
  return fields;
}

/** By path, of one kind of document. */
export function fieldsByPath(kind: DocumentKind): Map<string, Field> {
  return new Map(allFields.filter((field) => field.kind === kind).map((field) => [field.path, field]));
}
