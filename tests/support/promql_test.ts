import { deepEqual, throws } from "node:assert/strict";
import { groupings, selectors } from "./promql.ts";

const expr = `histogram_quantile(0.99, sum by (instance, le) (rate(a_bucket{x="}", y=~'b|c'}[5m]))) > 5e3
  and on (pod) (kube:b == 1) or sum(c) without (z) # c is a metric`;

Deno.test("selectors() finds metrics with their labels, and no functions, keywords or groupings", () => {
  deepEqual(selectors(expr), [
    { name: "a_bucket", labels: ["x", "y"], text: `a_bucket{x="}",y=~'b|c'}` },
    { name: "kube:b", labels: [], text: "kube:b" },
    { name: "c", labels: [], text: "c" },
  ]);
});

Deno.test("groupings() finds labels that are grouped and joined by", () => {
  deepEqual(groupings(expr), ["instance", "le", "pod", "z"]);
});

Deno.test("selectors() refuses what it cannot read", () => {
  throws(() => selectors("rate(a[5m]) ; b"), /from ";/);
});
