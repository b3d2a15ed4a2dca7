/** The endpoints of a Service with a selector, as kube-controller-manager's endpointslice controller sees them. Pure. */
import type { Pod, Service } from "../../objects/mod.ts";
import { headlessLabel, managedByLabel, serviceNameLabel, sliceController } from "./labels.ts";
import { familiesOf, type Family, hasEndpoint, isHeadless, podEndpoint, podPorts } from "./pod_endpoint.ts";
import type { SliceGroup, SliceTemplate } from "./plan_slices.ts";

/** As many as kube-controller-manager puts into one slice unless told otherwise. */
export const mostEndpoints = 100;

export function serviceTemplate(service: Service): SliceTemplate {
  const { name, namespace = "", uid = "", labels } = service.metadata;
  const { [headlessLabel]: _, ...own } = labels ?? {};
  return {
    owner: { apiVersion: "v1", kind: "Service", name, uid },
    namespace,
    labels: {
      ...own,
      ...(isHeadless(service) ? { [headlessLabel]: "" } : {}),
      [serviceNameLabel]: name,
      [managedByLabel]: sliceController,
    },
    most: mostEndpoints,
  };
}

/** `pods`: those that the Service selects. A family without endpoints is a group without ports. */
export function serviceGroups(
  service: Service,
  pods: readonly Pod[],
  zoneOf: (nodeName: string | undefined) => string | undefined = () => undefined,
): SliceGroup[] {
  return familiesOf(service).flatMap((family) => {
    const groups = ofFamily(service, pods.filter(hasEndpoint), family, zoneOf);
    return groups.length > 0 ? groups : [{ addressType: family, ports: [], endpoints: [] }];
  });
}

function ofFamily(
  service: Service,
  pods: readonly Pod[],
  family: Family,
  zoneOf: (nodeName: string | undefined) => string | undefined,
): SliceGroup[] {
  const groups = new Map<string, SliceGroup & { endpoints: NonNullable<ReturnType<typeof podEndpoint>>[] }>();
  for (const pod of pods) {
    const endpoint = podEndpoint(pod, service, family, zoneOf(pod.spec.nodeName));
    if (!endpoint) continue;
    const ports = podPorts(pod, service);
    const key = JSON.stringify(ports);
    if (!groups.has(key)) groups.set(key, { addressType: family, ports, endpoints: [] });
    groups.get(key)!.endpoints.push(endpoint);
  }
  return [...groups.values()];
}
