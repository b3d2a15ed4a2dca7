/** Services. Addresses and node ports are given out at the moment of the write. */
import type { Service } from "../../../objects/mod.ts";
import { type ServiceAddresses, ServiceRefused } from "../../../network/addresses/mod.ts";
import { invalidObject } from "../errors.ts";
import type { Backend, Resource, Subresource } from "../types.ts";
import { ageColumn, ageOf, labelsText, nameColumn, none, text } from "./columns.ts";
import { allVerbs } from "./verbs.ts";

export function services(
  backend: Backend<Service>,
  addresses: Pick<ServiceAddresses, "assign">,
  /** proxy */
  subresources: Readonly<Record<string, Subresource>> = {},
): Resource<Service> {
  const assign = (object: Service, current?: Service) => {
    try {
      return addresses.assign(object, current);
    } catch (err) {
      throw err instanceof ServiceRefused ? invalidObject("", "Service", object.metadata.name, err.errors) : err;
    }
  };
  return {
    group: "",
    version: "v1",
    kind: "Service",
    plural: "services",
    singular: "service",
    shortNames: ["svc"],
    categories: ["all"],
    namespaced: true,
    verbs: allVerbs,
    backend,
    hasStatus: true,
    subresources,
    fields: { "spec.clusterIP": ({ spec }) => spec.clusterIP, "spec.type": ({ spec }) => spec.type },
    strategy: {
      prepareForCreate: (object) => ({ ...object, status: { loadBalancer: {} } }),
      admitCreate: (object) => assign(object),
      prepareForUpdate: (object, current) => assign(object, current),
      returnsDeleted: true,
    },
    printer: {
      columns: [
        nameColumn,
        text("Type", "How the service is exposed."),
        text("Cluster-IP", "Its address within the cluster."),
        text("External-IP", "Its addresses outside."),
        text("Port(s)", "Its ports."),
        ageColumn,
        text("Selector", "The labels of its pods.", { wide: true }),
      ],
      cells: (object, now) => {
        const { metadata, spec } = object;
        return [
          metadata.name,
          spec.type ?? "ClusterIP",
          spec.clusterIPs?.[0] || spec.clusterIP || none,
          externalText(object),
          portsText(object),
          ageOf(object, now),
          labelsText(spec.selector),
        ];
      },
    },
  };
}

function externalText({ spec, status }: Service): string {
  const own = spec.externalIPs ?? [];
  switch (spec.type) {
    case "ExternalName":
      return spec.externalName ?? "";
    case "LoadBalancer": {
      const given = (status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip || hostname || "").filter(
        Boolean,
      );
      return [...new Set(given), ...own].join(",") || "<pending>";
    }
    default:
      return own.join(",") || none;
  }
}

/** `80:30080/TCP,443/TCP`. */
function portsText({ spec }: Service): string {
  const ports = (spec.ports ?? []).map(({ port, nodePort, protocol = "TCP" }) =>
    `${port}${nodePort ? `:${nodePort}` : ""}/${protocol}`
  );
  return ports.join(",") || none;
}
