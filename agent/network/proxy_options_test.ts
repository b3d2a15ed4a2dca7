import { deepEqual } from "node:assert/strict";
import { proxyOptions } from "./proxy_options.ts";

const config = { serviceCIDRs: ["10.96.0.0/16"], podCIDRs: [] };
const proxy = { localhostNodePorts: true, algorithm: "random" as const, masqueradeBit: 14, masqueradeAll: false };
const features = { fib: true, sctp: true };

const cases: [name: string, asked: string[] | undefined, own: string[], ranges: string[] | undefined][] = [
  ["all addresses, if nothing is said", undefined, ["192.0.2.1"], undefined],
  ["ranges as they are", ["192.0.2.0/24"], ["198.51.100.1"], ["192.0.2.0/24"]],
  ["primary: the node's own, one a family", ["primary"], ["192.0.2.1", "2001:db8::1"], ["192.0.2.1", "2001:db8::1"]],
  ["primary on a machine with only lo: none", ["primary"], ["127.0.0.1"], []],
];
Deno.test("proxyOptions() has node ports answer in ranges, or on the node's primary addresses", () => {
  for (const [name, nodePortAddresses, own, ranges] of cases) {
    const wish = { ...proxy, ...(nodePortAddresses ? { nodePortAddresses } : {}) };
    deepEqual(proxyOptions(config, wish, features, own).nodePortAddresses, ranges, name);
  }
});
