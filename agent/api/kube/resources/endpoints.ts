/** Endpoints and EndpointSlices. */
import type { Endpoints, EndpointSlice } from "../../../objects/mod.ts";
import type { Backend, Resource } from "../types.ts";
import { ageColumn, ageOf, nameColumn, none, text } from "./columns.ts";
import { allVerbs } from "./verbs.ts";

/** As many as a row shows. */
const most = 3;

function shortened(items: readonly string[], empty: string): string {
  if (items.length === 0) return empty;
  const more = items.length - most;
  return items.slice(0, most).join(",") + (more > 0 ? ` + ${more} more...` : "");
}

/** `10.0.0.1:80`, `[fd00::1]:80`. */
function joined(address: string, port: number | undefined): string {
  return `${address.includes(":") ? `[${address}]` : address}:${port}`;
}

export function endpoints(backend: Backend<Endpoints>): Resource<Endpoints> {
  return {
    group: "",
    version: "v1",
    kind: "Endpoints",
    plural: "endpoints",
    singular: "endpoints",
    shortNames: ["ep"],
    namespaced: true,
    verbs: allVerbs,
    backend,
    strategy: {
      createOnUpdate: true,
      warnings: () => ["v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"],
    },
    printer: {
      columns: [nameColumn, text("Endpoints", "Addresses and ports that are ready."), ageColumn],
      cells: (object, now) => {
        const all = (object.subsets ?? []).flatMap(({ addresses = [], ports = [] }) =>
          ports.length === 0
            ? addresses.map(({ ip }) => ip)
            : ports.flatMap(({ port }) => addresses.map(({ ip }) => joined(ip, port)))
        );
        return [object.metadata.name, shortened(all, none), ageOf(object, now)];
      },
    },
  };
}

const unset = "<unset>";

export function endpointSlices(backend: Backend<EndpointSlice>): Resource<EndpointSlice> {
  return {
    group: "discovery.k8s.io",
    version: "v1",
    kind: "EndpointSlice",
    plural: "endpointslices",
    singular: "endpointslice",
    namespaced: true,
    verbs: allVerbs,
    backend,
    printer: {
      columns: [
        nameColumn,
        text("AddressType", "What kind of addresses the slice holds."),
        text("Ports", "Ports of every endpoint."),
        text("Endpoints", "Addresses of the endpoints."),
        ageColumn,
      ],
      cells: (object, now) => [
        object.metadata.name,
        object.addressType,
        shortened((object.ports ?? []).map(({ port, name }) => port !== undefined ? String(port) : name || "*"), unset),
        shortened((object.endpoints ?? []).flatMap(({ addresses = [] }) => addresses), unset),
        ageOf(object, now),
      ],
    },
  };
}
