/** Resource lists, requests and limits. */
import type { Container, ResourceRequirements } from "../container.ts";
import type { FieldErrors } from "../field_error.ts";
import type { FieldPath } from "../field_path.ts";
import { compareQuantities, isQuantity, parseQuantity } from "../quantity.ts";
import { qualifiedName } from "./names.ts";

/** What a quantity looks like, in apimachinery's words. */
export const quantityWords =
  "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

const containerResources = new Set(["cpu", "memory", "ephemeral-storage"]);
const integerResources = (name: string) => !["cpu", "memory", "ephemeral-storage", "storage"].includes(name);

const isHugePages = (name: string) => name.startsWith("hugepages-");
const isExtended = (name: string) => name.includes("/") && !name.includes("kubernetes.io/");

export function validateRequirements(
  resources: ResourceRequirements | undefined,
  path: FieldPath,
  errors: FieldErrors,
  level: "container" | "pod" = "container",
): void {
  if (!resources) return;
  const limits = resources.limits ?? {};
  const requests = resources.requests ?? {};
  for (const [name, amount] of Object.entries(limits)) {
    validateResource(name, amount, path.child("limits"), errors, level);
  }
  for (const [name, amount] of Object.entries(requests)) {
    const at = path.child("requests");
    if (!validateResource(name, amount, at, errors, level)) continue;
    if (Object.hasOwn(limits, name) && isQuantity(limits[name])) {
      const limit = limits[name];
      const order = compareQuantities(amount, limit);
      if (order !== 0 && (isExtended(name) || isHugePages(name))) {
        errors.invalid(at, amount, `must be equal to ${name} limit of ${limit}`);
      } else if (order > 0) errors.invalid(at, amount, `must be less than or equal to ${name} limit of ${limit}`);
    } else if (isExtended(name) || isHugePages(name)) {
      errors.required(path.child("limits"), "Limit must be set for non overcommitable resources");
    }
  }
  const either = { ...limits, ...requests };
  const huge = Object.keys(either).some(isHugePages);
  if (huge && !either.cpu && !either.memory) {
    errors.forbidden(path, "HugePages require cpu or memory");
  }
}

/** One entry: a name that resources may have, an amount that is not negative. @returns whether the amount can be read */
function validateResource(
  name: string,
  amount: string,
  list: FieldPath,
  errors: FieldErrors,
  level: "container" | "pod",
): boolean {
  const path = list.key(name);
  const wrong = qualifiedName(name);
  errors.invalidAll(list, name, wrong);
  if (!wrong.length) {
    if (level === "pod" && !["cpu", "memory"].includes(name) && !isHugePages(name)) {
      errors.notSupported(list, name, ["cpu", "hugepages-", "memory"]);
    } else if (!name.includes("/") && !containerResources.has(name) && !isHugePages(name)) {
      errors.invalid(list, name, "must be a standard resource for containers");
    }
  }
  return validateQuantity(amount, path, errors, integerResources(name));
}

/** An amount that is not negative. @returns whether it can be read */
export function validateQuantity(amount: string, path: FieldPath, errors: FieldErrors, whole = false): boolean {
  if (!isQuantity(amount)) {
    errors.invalid(path, amount, quantityWords);
    return false;
  }
  const nanos = parseQuantity(amount);
  if (nanos < 0n) errors.invalid(path, amount, "must be greater than or equal to 0");
  if (whole && nanos % 1_000_000_000n !== 0n) errors.invalid(path, amount, "must be an integer");
  return true;
}

/** Pod-level amounts must hold what the containers ask for. */
export function validatePodResources(
  resources: ResourceRequirements | undefined,
  sum: Record<string, string>,
  containers: Container[],
  spec: FieldPath,
  errors: FieldErrors,
): void {
  if (!resources) return;
  const path = spec.child("resources");
  if (resources.claims?.length) {
    errors.forbidden(path.child("claims"), "claims cannot be set for Resources at pod-level");
  }
  validateRequirements(resources, path, errors, "pod");
  for (const [name, amount] of Object.entries(sum)) {
    const own = resources.requests?.[name];
    if (own === undefined || !isQuantity(own) || !isQuantity(amount)) continue;
    if (compareQuantities(amount, own) > 0) {
      errors.invalid(
        path.child("requests").key(name),
        own,
        `must be greater than or equal to aggregate container requests of ${amount}`,
      );
    }
  }
  for (const [index, container] of containers.entries()) {
    for (const [name, limit] of Object.entries(container.resources?.limits ?? {})) {
      const own = resources.limits?.[name];
      if (own === undefined || !isQuantity(own) || !isQuantity(limit)) continue;
      if (compareQuantities(limit, own) > 0) {
        errors.invalid(
          spec.child("containers").index(index).child("resources", "limits").key(name),
          limit,
          `must be less than or equal to pod limits of ${own}`,
        );
      }
    }
  }
}
