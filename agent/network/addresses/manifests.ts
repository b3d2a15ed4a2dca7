/** Services of manifests get addresses as those of the API do. */
import type { Service } from "../../objects/mod.ts";
import type { Completion } from "../../sources/mod.ts";
import type { StoreObject } from "../../store/mod.ts";
import type { ServiceAddresses } from "./service_addresses.ts";

export function manifestAddresses(addresses: ServiceAddresses): Completion {
  const service = (object: StoreObject) => object.kind === "Service" ? object as Service : undefined;
  return {
    complete(object, current) {
      const wanted = service(object);
      if (!wanted) return object;
      const stored = current as Service | undefined;
      // what a file does not say any more it does not want
      const wasHeadless = stored?.spec.clusterIP === "None" && !wanted.spec.clusterIP;
      return addresses.assign(wanted, wasHeadless ? undefined : stored);
    },
    isComplete(row) {
      const stored = service(row);
      return !stored || addresses.isAssigned(stored);
    },
    asksByName(object) {
      const spec = service(object)?.spec;
      return Boolean(spec?.clusterIP || spec?.healthCheckNodePort || spec?.ports?.some(({ nodePort }) => nodePort));
    },
  };
}
