/** What the API server fills in on containers, probes and hooks. */
import type { Container, ResourceRequirements } from "../container.ts";
import type { LifecycleHandler, Probe } from "../probe.ts";
import { canonicalQuantity, isQuantity } from "../quantity.ts";

/**
 * The tag or digest that decides the pull policy: `Always` for `latest` and for none, else `IfNotPresent`.
 * A port in the registry's name (`localhost:5000/web`) is no tag.
 */
export function defaultPullPolicy(image: string): "Always" | "IfNotPresent" {
  if (image.includes("@")) return "IfNotPresent";
  const tag = /:([^/:]+)$/.exec(image)?.[1];
  return tag === undefined || tag === "latest" ? "Always" : "IfNotPresent";
}

/** Quantities in the form that the API server stores; what cannot be read is left for validation to name. */
export function normalizeQuantities(list: Record<string, string> | undefined): void {
  for (const [name, amount] of Object.entries(list ?? {})) list![name] = normalQuantity(amount);
}

export function normalQuantity(amount: string): string {
  return isQuantity(amount) ? canonicalQuantity(amount) : String(amount);
}

/** A limit without a request is the request too. */
export function defaultResources(resources: ResourceRequirements): void {
  normalizeQuantities(resources.limits);
  normalizeQuantities(resources.requests);
  // A limit that cannot be read is named once, where it stands.
  const limits = Object.entries(resources.limits ?? {}).filter(([, amount]) => isQuantity(amount));
  if (limits.length) resources.requests = { ...Object.fromEntries(limits), ...resources.requests };
}

export function defaultContainer(container: Container): void {
  container.resources ??= {};
  defaultResources(container.resources);
  container.imagePullPolicy ??= defaultPullPolicy(container.image);
  container.terminationMessagePath ||= "/dev/termination-log";
  container.terminationMessagePolicy ??= "File";
  for (const port of container.ports ?? []) port.protocol ??= "TCP";
  for (const variable of container.env ?? []) {
    const from = variable.valueFrom;
    if (from?.fieldRef) from.fieldRef.apiVersion ||= "v1";
    if (from?.resourceFieldRef) from.resourceFieldRef.divisor = normalQuantity(from.resourceFieldRef.divisor ?? "0");
  }
  for (const probe of [container.livenessProbe, container.readinessProbe, container.startupProbe]) {
    if (probe) defaultProbe(probe);
  }
  defaultHandler(container.lifecycle?.postStart);
  defaultHandler(container.lifecycle?.preStop);
}

function defaultProbe(probe: Probe): void {
  probe.timeoutSeconds ||= 1;
  probe.periodSeconds ||= 10;
  probe.successThreshold ||= 1;
  probe.failureThreshold ||= 3;
  if (probe.grpc) probe.grpc.service ??= "";
  defaultHandler(probe);
}

function defaultHandler(handler: LifecycleHandler | undefined): void {
  if (!handler?.httpGet) return;
  handler.httpGet.path ||= "/";
  handler.httpGet.scheme ??= "HTTP";
}
