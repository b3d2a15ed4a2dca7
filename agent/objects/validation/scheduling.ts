/** Affinity, tolerations and spreading: checked although a single node acts on little of it. */
import type { FieldErrors } from "../field_error.ts";
import type { FieldPath } from "../field_path.ts";
import type { PodSpec } from "../pod.ts";
import type { Affinity, Toleration } from "../scheduling.ts";
import { validateLabelSelector } from "./meta.ts";
import { dns1123Subdomain, labelValue, qualifiedName } from "./names.ts";

type NodeAffinity = NonNullable<Affinity["nodeAffinity"]>;
export type NodeSelector = NonNullable<NodeAffinity["requiredDuringSchedulingIgnoredDuringExecution"]>;
type NodeTerm = NonNullable<NodeSelector["nodeSelectorTerms"]>[number];
type PodAffinity = NonNullable<Affinity["podAffinity"]>;
type PodTerm = NonNullable<PodAffinity["requiredDuringSchedulingIgnoredDuringExecution"]>[number];

export function validateTolerations(tolerations: Toleration[] | undefined, path: FieldPath, errors: FieldErrors): void {
  for (const [index, toleration] of (tolerations ?? []).entries()) {
    const at = path.index(index);
    const { key, operator = "Equal", value = "", effect } = toleration;
    if (key) errors.invalidAll(at.child("key"), key, qualifiedName(key));
    else if (operator !== "Exists") {
      errors.invalid(
        at.child("operator"),
        toleration.operator ?? "",
        'operator must be Exists when `key` is empty, which means "match all values and all keys"',
      );
    }
    if (toleration.tolerationSeconds !== undefined && effect !== "NoExecute") {
      errors.invalid(at.child("effect"), effect ?? "", "effect must be 'NoExecute' when `tolerationSeconds` is set");
    }
    if (operator === "Exists") {
      if (value) errors.invalid(at.child("operator"), value, "value must be empty when `operator` is 'Exists'");
    } else if (operator === "Equal") {
      const wrong = labelValue(value);
      if (wrong.length) errors.invalid(at.child("operator"), value, wrong.join(";"));
    } else if (!/^-?(0|[1-9]\d*)$/.test(value)) {
      errors.invalid(at.child("value"), value, "must be an integer when `operator` is 'Lt' or 'Gt'");
    }
  }
}

function validateNodeTerm(term: NodeTerm, path: FieldPath, errors: FieldErrors): void {
  for (const [index, requirement] of (term.matchExpressions ?? []).entries()) {
    const at = path.child("matchExpressions").index(index);
    const values = requirement.values ?? [];
    const valuesPath = at.child("values");
    switch (requirement.operator) {
      case "In":
      case "NotIn":
        if (!values.length) errors.required(valuesPath, "must be specified when `operator` is 'In' or 'NotIn'");
        break;
      case "Exists":
      case "DoesNotExist":
        if (values.length) {
          errors.forbidden(valuesPath, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
        }
        break;
      case "Gt":
      case "Lt":
        if (values.length !== 1) {
          errors.required(valuesPath, "must be specified single value when `operator` is 'Lt' or 'Gt'");
        }
        break;
      default:
        errors.invalid(at.child("operator"), requirement.operator, "not a valid selector operator");
    }
    errors.invalidAll(at.child("key"), requirement.key, qualifiedName(requirement.key));
    for (const [j, value] of values.entries()) errors.invalidAll(valuesPath.index(j), value, labelValue(value));
  }
  for (const [index, requirement] of (term.matchFields ?? []).entries()) {
    const at = path.child("matchFields").index(index);
    if (requirement.operator !== "In" && requirement.operator !== "NotIn") {
      errors.invalid(at.child("operator"), requirement.operator, "not a valid selector operator");
    } else if (requirement.values?.length !== 1) {
      errors.required(
        at.child("values"),
        "must be only one value when `operator` is 'In' or 'NotIn' for node field selector",
      );
    }
    if (requirement.key !== "metadata.name") {
      errors.invalid(at.child("key"), requirement.key, "not a valid field selector key");
    }
  }
}

export function validateNodeSelector(selector: NodeSelector, path: FieldPath, errors: FieldErrors): void {
  const terms = path.child("nodeSelectorTerms");
  if (!selector.nodeSelectorTerms?.length) errors.required(terms, "must have at least one node selector term");
  for (const [index, term] of (selector.nodeSelectorTerms ?? []).entries()) {
    validateNodeTerm(term, terms.index(index), errors);
  }
}

function validateWeight(weight: number, path: FieldPath, errors: FieldErrors): void {
  if (weight < 1 || weight > 100) errors.invalid(path.child("weight"), weight, "must be in the range 1-100");
}

function validatePodTerm(term: PodTerm, path: FieldPath, errors: FieldErrors): void {
  validateLabelSelector(term.labelSelector, path.child("labelSelector"), errors);
  validateLabelSelector(term.namespaceSelector, path.child("namespaceSelector"), errors);
  for (const name of term.namespaces ?? []) errors.invalidAll(path.child("namespaces"), name, dns1123Subdomain(name));
  if (!term.topologyKey) errors.required(path.child("topologyKey"), "can not be empty");
  else errors.invalidAll(path.child("topologyKey"), term.topologyKey, qualifiedName(term.topologyKey));
}

export function validateAffinity(affinity: Affinity | undefined, path: FieldPath, errors: FieldErrors): void {
  const required = "requiredDuringSchedulingIgnoredDuringExecution";
  const preferred = "preferredDuringSchedulingIgnoredDuringExecution";
  const node = affinity?.nodeAffinity;
  if (node) {
    const at = path.child("nodeAffinity");
    if (node[required]) validateNodeSelector(node[required], at.child(required), errors);
    for (const [index, { weight, preference }] of (node[preferred] ?? []).entries()) {
      validateWeight(weight, at.child(preferred).index(index), errors);
      validateNodeTerm(preference, at.child(preferred).index(index).child("preference"), errors);
    }
  }
  for (const field of ["podAffinity", "podAntiAffinity"] as const) {
    const at = path.child(field);
    for (const [index, term] of (affinity?.[field]?.[required] ?? []).entries()) {
      validatePodTerm(term, at.child(required).index(index), errors);
    }
    for (const [index, { weight, podAffinityTerm }] of (affinity?.[field]?.[preferred] ?? []).entries()) {
      validateWeight(weight, at.child(preferred).index(index), errors);
      validatePodTerm(podAffinityTerm, at.child(preferred).index(index).child("podAffinityTerm"), errors);
    }
  }
}

export function validateSpread(
  constraints: PodSpec["topologySpreadConstraints"],
  path: FieldPath,
  errors: FieldErrors,
) {
  const seen = new Set<string>();
  for (const [index, constraint] of (constraints ?? []).entries()) {
    const at = path.index(index);
    const { maxSkew, topologyKey, whenUnsatisfiable, minDomains } = constraint;
    if (maxSkew <= 0) errors.invalid(at.child("maxSkew"), maxSkew, "must be greater than zero");
    if (!topologyKey) errors.required(at.child("topologyKey"), "can not be empty");
    const pair = `{${topologyKey}, ${whenUnsatisfiable}}`;
    if (seen.has(pair)) errors.duplicate(at.child("{topologyKey, whenUnsatisfiable}"), pair);
    seen.add(pair);
    if (minDomains !== undefined) {
      if (minDomains <= 0) errors.invalid(at.child("minDomains"), minDomains, "must be greater than zero");
      if (whenUnsatisfiable !== "DoNotSchedule") {
        errors.invalid(
          at.child("minDomains"),
          minDomains,
          `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${whenUnsatisfiable}`,
        );
      }
    }
    validateLabelSelector(constraint.labelSelector, at.child("labelSelector"), errors);
  }
}
