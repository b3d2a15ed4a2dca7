/** The manifest directory, where there is one. */
import type { Clock } from "../clock.ts";
import type { NodeConfig } from "../config/mod.ts";
import { manifestAddresses, type ServiceAddresses } from "../network/addresses/mod.ts";
import type { PodObserver } from "../observed/observer.ts";
import { readIdentity } from "../runtime/mod.ts";
import { type Adoptable, allOf, apiAccess, ManifestSource } from "../sources/mod.ts";
import type { Store } from "../store/mod.ts";
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
    completion: allOf(manifestAddresses(serviceAddresses), apiAccess),
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
