/**
 * Hand-written Endpoints of a Service without a selector as slices, as kube-controller-manager's endpointslicemirroring
 * controller makes them: one for each set of ports and family. Pure.
 */
import { canonicalAddress } from "../../../net/addr.ts";
import type { Endpoint, Endpoints } from "../../objects/mod.ts";
import { familyOf } from "../addresses/mod.ts";
import {
  lastAppliedAnnotation,
  leaderAnnotation,
  managedByLabel,
  mirrorController,
  serviceNameLabel,
  skipMirrorLabel,
  triggerTimeAnnotation,
} from "./labels.ts";
import type { SliceGroup, SliceTemplate } from "./plan_slices.ts";

/** Addresses of one subset that are said again, all in one slice. */
export const mostMirrored = 1000;

export function isMirrored({ metadata: { labels, annotations } }: Endpoints): boolean {
  return labels?.[skipMirrorLabel] !== "true" && annotations?.[leaderAnnotation] === undefined;
}

export function mirrorTemplate(endpoints: Endpoints): SliceTemplate {
  const { name, namespace = "", uid = "", labels, annotations } = endpoints.metadata;
  const { [lastAppliedAnnotation]: _, [triggerTimeAnnotation]: __, ...copied } = annotations ?? {};
  return {
    owner: { apiVersion: "v1", kind: "Endpoints", name, uid },
    namespace,
    labels: { ...labels, [serviceNameLabel]: name, [managedByLabel]: mirrorController },
    annotations: copied,
    most: mostMirrored,
  };
}

/** The groups, and how many addresses were left out because there were too many or because they are none. */
export function mirrorGroups({ subsets }: Endpoints): { groups: SliceGroup[]; surplus: number; invalid: number } {
  const groups = new Map<string, SliceGroup & { endpoints: Endpoint[] }>();
  let surplus = 0, invalid = 0;
  for (const { addresses = [], notReadyAddresses = [], ports: given = [] } of subsets ?? []) {
    const ports = given.map(({ name = "", port, protocol = "TCP", appProtocol }) => ({
      name,
      port,
      protocol,
      ...(appProtocol ? { appProtocol } : {}),
    }));
    let count = 0;
    const each = [
      ...addresses.map((address) => ({ address, ready: true })),
      ...notReadyAddresses.map((address) => ({ address, ready: false })),
    ];
    for (const { address: { ip, hostname, nodeName, targetRef }, ready } of each) {
      const address = canonicalAddress(ip);
      if (address === undefined) {
        invalid++;
        continue;
      }
      if (count++ >= mostMirrored) {
        surplus++;
        continue;
      }
      const addressType = familyOf(address);
      const key = `${addressType} ${JSON.stringify(ports)}`;
      if (!groups.has(key)) groups.set(key, { addressType, ports, endpoints: [] });
      groups.get(key)!.endpoints.push({
        addresses: [address],
        conditions: { ready },
        ...(hostname ? { hostname } : {}),
        ...(targetRef ? { targetRef } : {}),
        ...(nodeName ? { nodeName } : {}),
      });
    }
  }
  return { groups: [...groups.values()], surplus, invalid };
}
