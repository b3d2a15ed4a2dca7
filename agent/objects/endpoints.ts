/** Endpoints: the older list of a Service's addresses. */
import { define, defineKind, lazily, list, neededInt, neededText, opt, text, word, type z } from "./schema.ts";
import { objectMeta, objectReference } from "./meta.ts";

const endpointAddress = lazily(() =>
  define("core.v1.EndpointAddress", {
    ip: neededText,
    hostname: text,
    nodeName: text,
    targetRef: opt(objectReference()),
  }, { mapType: "atomic" })
);

const endpointPort = lazily(() =>
  define("core.v1.EndpointPort", {
    name: text,
    port: neededInt,
    protocol: word("SCTP", "TCP", "UDP"),
    appProtocol: text,
  }, { mapType: "atomic" })
);

const endpointSubset = lazily(() =>
  define("core.v1.EndpointSubset", {
    addresses: list(endpointAddress()),
    notReadyAddresses: list(endpointAddress()),
    ports: list(endpointPort()),
  })
);
export interface EndpointSubset extends z.infer<ReturnType<typeof endpointSubset>> {}

export const endpointsSchema = lazily(() =>
  defineKind("v1", "Endpoints", { metadata: objectMeta(), subsets: list(endpointSubset()) })
);
export interface Endpoints extends z.infer<ReturnType<typeof endpointsSchema>> {}
