import assert from "node:assert/strict";
import fc from "fast-check";
import { ChangedServices } from "./changed_services.ts";
import { endpoint, service } from "./testing.ts";
import { type Endpoints, type ProxyService } from "./types.ts";

/** A list of services, some of them versions of the same, with endpoints that some of them have. */
const names = Array.from({ length: 8 }, (_, i) => `s${i}`);
const versions = names.map((name) => [0, 1].map((n) => service(name, `10.96.0.${n + 1}`)));
const lists = [undefined, [endpoint("10.0.0.1")], [endpoint("10.0.0.1")]];
const step = fc.record({
  order: fc.shuffledSubarray(names.map((_, i) => i)),
  version: fc.array(fc.nat(1), { minLength: 8, maxLength: 8 }),
  behind: fc.array(fc.nat(2), { minLength: 8, maxLength: 8 }),
});

Deno.test("ChangedServices tells of exactly those that are new, other objects, or gone, however lists are changed", () => {
  let told = 0;
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 6 }), (steps) => {
      const changed = new ChangedServices();
      const known = new Map<string, { service: ProxyService; endpoints?: Endpoints }>();
      const given: ProxyService[] = []; // one list, written into
      for (const { order, version, behind } of steps) {
        given.splice(0, given.length, ...order.map((i) => versions[i][version[i]]));
        const endpoints = new Map<string, Endpoints>(names.flatMap((name, i) => {
          const list = lists[behind[i]];
          return list ? [[`default/${name}`, list] as const] : [];
        }));
        const expected = new Map<string, unknown>();
        const now = new Map(given.map((service) => [`default/${service.name}`, service]));
        for (const key of known.keys()) if (!now.has(key)) expected.set(key, { key });
        for (const [key, service] of now) {
          const was = known.get(key), wanted = { service, endpoints: endpoints.get(key) };
          if (was?.service !== service || was.endpoints !== wanted.endpoints) expected.set(key, { key, ...wanted });
        }
        const found = changed.next(given, endpoints);
        assert.deepEqual(new Map(found.map((change) => [change.key, change])), expected);
        assert.equal(found.length, expected.size);
        told += found.length;
        for (const { key, service, endpoints } of found) {
          service ? known.set(key, { service, endpoints }) : known.delete(key);
        }
      }
    }),
    { numRuns: 500 },
  );
  assert.ok(told > 1000, `only ${told} changes`);
});
