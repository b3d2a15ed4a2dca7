/** The manifest directory, where there is one. */
import type { Clock } from "../clock.ts";
import type { NodeConfig } from "../config/mod.ts";
import type { PodObserver } from "../observed/observer.ts";
import type { ServiceAddresses } from "../network/addresses/mod.ts";
import type { Service } from "../objects/mod.ts";
import { readIdentity } from "../runtime/mod.ts";
import { type Adoptable, type Completion, ManifestSource } from "../sources/mod.ts";
import type { Store, StoreObject } from "../store/mod.ts";
import type { EventRecorder } from "../telemetry/events.ts";
import type { Logger } from "../telemetry/log.ts";

export function manifestSource(
  { config, observer, serviceAddresses, ...parts }: {
    config: NodeConfig;
    serviceAddresses: ServiceAddresses;
    observer: PodObserver;
    store: Store;
    events: EventRecorder;
    clock: Clock;
    log: Logger;
  },
): ManifestSource | undefined {
  if (!config.staticPodPath) return undefined;
  return new ManifestSource({
    ...parts,
    dir: config.staticPodPath,
    nodeName: config.nodeName,
    fileCheckMs: config.fileCheckFrequencyMs,
    adoptable: async () => adoptable(observer),
    completion: addressesFor(serviceAddresses),
  });
}

/** Sandboxes that a pod whose row is lost can be recognised by. Rejects while the runtime is silent. */
function adoptable(observer: PodObserver): Adoptable[] {
  if (!observer.available) throw new Error("the container runtime does not answer");
  return observer.uids().flatMap((uid) => observer.get(uid)?.sandboxes.slice(0, 1) ?? []).flatMap((sandbox) => {
    const identity = readIdentity(sandbox);
    return identity ? [identity] : [];
  });
}

/** Services of manifests get addresses as those of the API do. */
function addressesFor(addresses: ServiceAddresses): Completion {
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
