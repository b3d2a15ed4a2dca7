/**
 * Wanted endpoints against the slices that there are, so that as few slices change as possible: an endpoint stays in its
 * slice, new ones fill up slices that change anyway, then the slice in which they just fit, then new ones. Pure.
 */
import type { Endpoint, EndpointSlice } from "../../objects/mod.ts";
import { sameValue } from "../../store/mod.ts";
import type { SlicePort } from "./pod_endpoint.ts";
import { sliceName, slicePrefix } from "./slice_names.ts";

/** Endpoints of one address type that have the same ports. */
export interface SliceGroup {
  addressType: EndpointSlice["addressType"];
  ports: readonly SlicePort[];
  endpoints: readonly Endpoint[];
}

/** What every slice of an owner has. */
export interface SliceTemplate {
  /** Slices are named after it. */
  owner: { apiVersion: string; kind: string; name: string; uid: string };
  namespace: string;
  labels: Readonly<Record<string, string>>;
  /** Undefined: annotations are nobody's business. */
  annotations?: Readonly<Record<string, string>>;
  /** Endpoints in one slice. */
  most: number;
}

export interface SlicePlan {
  /** New ones, and changed ones in their place. */
  put: EndpointSlice[];
  remove: EndpointSlice[];
}

/** `taken`: names that slices of others have. */
export function planSlices(
  template: SliceTemplate,
  groups: readonly SliceGroup[],
  existing: readonly EndpointSlice[],
  taken: (name: string) => boolean = () => false,
): SlicePlan {
  const wanted = new Map<string, SliceGroup>();
  for (const group of groups) {
    const same = wanted.get(groupKey(group));
    wanted.set(groupKey(group), same ? { ...same, endpoints: [...same.endpoints, ...group.endpoints] } : group);
  }
  const found = Map.groupBy(existing, groupKey);
  /** Slices that nothing is left in: they are used again before new ones are made. */
  const spare = existing.filter((slice) => !wanted.has(groupKey(slice)));
  const changed = new Map<EndpointSlice, Endpoint[]>();
  const made: { group: SliceGroup; endpoints: Endpoint[] }[] = [];

  for (const [key, group] of wanted) {
    const left = new Map(group.endpoints.map((endpoint) => [endpointKey(endpoint), endpoint]));
    const own = found.get(key) ?? [];
    const kept = new Map<EndpointSlice, Endpoint[]>();
    for (const slice of own) {
      const endpoints: Endpoint[] = [];
      for (const present of slice.endpoints ?? []) {
        const endpoint = left.get(endpointKey(present));
        if (!endpoint) continue;
        endpoints.push(sameValue(endpoint, present) ? present : endpoint);
        left.delete(endpointKey(present));
      }
      kept.set(slice, endpoints);
    }
    const isChanged = (slice: EndpointSlice) => {
      const [now, before] = [kept.get(slice)!, slice.endpoints ?? []];
      return now.length !== before.length || now.some((endpoint, at) => endpoint !== before[at]);
    };
    for (const slice of own) if (isChanged(slice)) fill(kept.get(slice)!, left, template.most);
    if (left.size > 0) {
      const room = (slice: EndpointSlice) => template.most - kept.get(slice)!.length;
      const best = own.filter((slice) => room(slice) >= left.size).sort((a, b) => room(a) - room(b))[0];
      if (best) fill(kept.get(best)!, left, template.most);
    }
    while (left.size > 0) {
      const endpoints: Endpoint[] = [];
      fill(endpoints, left, template.most);
      made.push({ group, endpoints });
    }
    // a group without endpoints has one slice that says so
    const empty = group.endpoints.length === 0;
    if (empty && own.length === 0) made.push({ group, endpoints: [] });
    for (const [at, slice] of own.entries()) {
      const endpoints = kept.get(slice)!;
      if (endpoints.length === 0 && !(empty && at === 0)) spare.push(slice);
      else if (isChanged(slice) || !isOfTemplate(slice, template)) changed.set(slice, endpoints);
    }
  }

  const put = [...changed].map(([slice, endpoints]) => updated(slice, template, endpoints));
  const names = new Set(existing.map(({ metadata }) => metadata.name));
  for (const { group, endpoints } of made) {
    const { addressType, ports } = group;
    const at = spare.findIndex((slice) => slice.addressType === addressType);
    if (at >= 0) put.push({ ...updated(spare.splice(at, 1)[0], template, endpoints), ports: [...ports] });
    else {
      const name = sliceName(template.owner, addressType, (name) => names.has(name) || taken(name));
      names.add(name);
      put.push(newSlice(template, name, { ...group, endpoints }));
    }
  }
  return { put, remove: spare };
}

function fill(slice: Endpoint[], left: Map<string, Endpoint>, most: number): void {
  for (const [key, endpoint] of left) {
    if (slice.length >= most) return;
    slice.push(endpoint);
    left.delete(key);
  }
}

/** What an endpoint is known by, whatever state it is in. */
function endpointKey({ addresses, hostname, targetRef }: Endpoint): string {
  return `${addresses?.join()} ${hostname ?? ""} ${targetRef?.namespace ?? ""}/${targetRef?.name ?? ""}`;
}

/** Address type and ports, in whichever order they are. */
function groupKey({ addressType, ports }: Pick<EndpointSlice, "addressType"> & { ports?: readonly SlicePort[] }) {
  const texts = (ports ?? []).map(({ name = "", protocol, port, appProtocol = "" }) =>
    `${name} ${protocol} ${port} ${appProtocol}`
  );
  return `${addressType} ${texts.sort().join()}`;
}

function ownerReferences({ owner: { apiVersion, kind, name, uid } }: SliceTemplate) {
  return [{ apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true }];
}

function isOfTemplate({ metadata }: EndpointSlice, template: SliceTemplate): boolean {
  return sameValue(metadata.labels, template.labels) &&
    sameValue(metadata.ownerReferences, ownerReferences(template)) &&
    (!template.annotations || sameValue(metadata.annotations ?? {}, template.annotations));
}

function updated(slice: EndpointSlice, template: SliceTemplate, endpoints: Endpoint[]): EndpointSlice {
  const owners = ownerReferences(template);
  const { annotations, ...metadata } = slice.metadata;
  return {
    ...slice,
    metadata: {
      ...metadata,
      ...annotated(template.annotations ?? annotations),
      labels: template.labels,
      // the same value again tells watchers that owners have not changed
      ownerReferences: sameValue(slice.metadata.ownerReferences, owners) ? slice.metadata.ownerReferences : owners,
    },
    endpoints,
  };
}

function annotated(annotations: Readonly<Record<string, string>> | undefined) {
  return annotations && Object.keys(annotations).length > 0 ? { annotations } : {};
}

function newSlice(template: SliceTemplate, name: string, { addressType, ports, endpoints }: SliceGroup): EndpointSlice {
  const { owner, namespace, labels, annotations } = template;
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: {
      name,
      generateName: slicePrefix(owner.name),
      namespace,
      ...annotated(annotations),
      labels,
      ownerReferences: ownerReferences(template),
    },
    addressType,
    endpoints: [...endpoints],
    ports: [...ports],
  };
}
