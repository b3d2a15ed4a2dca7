import { deepEqual } from "node:assert/strict";
import { routeChanges } from "./host.ts";

const shown = [
  "10.96.0.0/16 dev lo scope link ",
  "10.99.0.7 dev lo scope link ",
  "fd00:96::/112 dev lo metric 1024 pref medium",
  "",
].join("\n");

const cases: [name: string, wanted: string[], changes: string[]][] = [
  ["has nothing to do where all are there", ["10.96.0.0/16", "10.99.0.7/32", "fd00:96:0::/112"], []],
  ["adds what is missing", ["10.96.0.0/16", "10.99.0.7", "fd00:96::/112", "10.98.0.0/24"], [
    "route replace 10.98.0.0/24 dev lo proto 142",
  ]],
  ["takes away those of an earlier range", ["10.97.0.0/24", "fd00:96::/112"], [
    "route del 10.96.0.0/16 proto 142",
    "route del 10.99.0.7 proto 142",
    "route replace 10.97.0.0/24 dev lo proto 142",
  ]],
];
Deno.test("routeChanges() adds what is missing and takes away those of an earlier range", () => {
  for (const [name, wanted, changes] of cases) deepEqual(routeChanges(shown, wanted), changes, name);
});
