/**
 * Which services are other than the last time. Objects are known by identity, and of thousands one has changed: so the lists are
 * gone through in step, without looking into anything that is the same.
 */
import { type EndpointMap, type Endpoints, type ProxyService, serviceKey } from "./types.ts";

/** A Service that is new, changed or gone: then there is no object. */
export interface ServiceChange {
  key: string;
  service?: ProxyService;
  endpoints?: Endpoints;
}

/** Remembers what it was shown last. */
export class ChangedServices {
  #services: readonly ProxyService[] = [];
  #keys: string[] = [];
  #behind: (Endpoints | undefined)[] = [];

  /** What has changed since the last call. */
  next(services: readonly ProxyService[], endpoints: EndpointMap): ServiceChange[] {
    const changes: ServiceChange[] = [];
    const before = this.#services, keys = this.#keys, behind = this.#behind;
    let head = 0, isOther = before.length !== services.length;
    const shorter = Math.min(before.length, services.length);
    for (; head < shorter; head++) {
      const service = services[head];
      if (service !== before[head]) {
        isOther = true;
        if (serviceKey(service) !== keys[head]) break;
        behind[head] = endpoints.get(keys[head]);
        changes.push({ key: keys[head], service, endpoints: behind[head] });
        continue;
      }
      const now = endpoints.get(keys[head]);
      if (now === behind[head]) continue;
      behind[head] = now;
      changes.push({ key: keys[head], service, endpoints: now });
    }
    let tail = 0;
    while (tail < shorter - head && services[services.length - 1 - tail] === before[before.length - 1 - tail]) tail++;
    if (isOther) this.#services = services.slice(); // a copy: whoever gave the list may write into it
    if (before.length - tail > head || services.length - tail > head) {
      this.#replace(before, services, endpoints, { head, tail, changes });
    }
    for (let at = services.length - tail; at < services.length; at++) {
      const key = this.#keys[at], now = endpoints.get(key);
      if (now === this.#behind[at]) continue;
      this.#behind[at] = now;
      changes.push({ key, service: services[at], endpoints: now });
    }
    return changes;
  }

  /** What lies between the ends that are the same. */
  #replace(
    before: readonly ProxyService[],
    services: readonly ProxyService[],
    endpoints: EndpointMap,
    { head, tail, changes }: { head: number; tail: number; changes: ServiceChange[] },
  ): void {
    const gone = new Map<string, { service: ProxyService; behind: Endpoints | undefined }>();
    for (let at = head; at < before.length - tail; at++) {
      gone.set(this.#keys[at], { service: before[at], behind: this.#behind[at] });
    }
    const keys: string[] = [], behind: (Endpoints | undefined)[] = [];
    for (let at = head; at < services.length - tail; at++) {
      const service = services[at], key = serviceKey(service), now = endpoints.get(key), was = gone.get(key);
      gone.delete(key);
      keys.push(key);
      behind.push(now);
      if (was?.service !== service || was.behind !== now) changes.push({ key, service, endpoints: now });
    }
    for (const key of gone.keys()) changes.push({ key });
    const end = before.length - tail;
    this.#keys = this.#keys.slice(0, head).concat(keys, this.#keys.slice(end));
    this.#behind = this.#behind.slice(0, head).concat(behind, this.#behind.slice(end));
  }
}
