import { deepEqual, equal } from "node:assert/strict";
import { type Attributes, compact, type PolicyRule, ruleAllows, ruleText, uncovered } from "./rules.ts";

const base: Attributes = {
  isResource: true,
  verb: "get",
  group: "",
  resource: "pods",
  subresource: "",
  namespace: "default",
  name: "web",
  path: "",
};
const pods: PolicyRule = { verbs: ["get"], apiGroups: [""], resources: ["pods"] };
const path = (path: string, verb = "get"): Partial<Attributes> => ({ isResource: false, path, verb });

const cases: [name: string, rule: PolicyRule, wanted: Partial<Attributes>, allowed: boolean][] = [
  ["the very thing", pods, {}, true],
  ["another verb", pods, { verb: "list" }, false],
  ["another group", pods, { group: "metrics.k8s.io" }, false],
  ["another resource", pods, { resource: "secrets" }, false],
  ["a subresource, by a rule for the resource", pods, { subresource: "log" }, false],
  ["the resource, by a rule for a subresource", { ...pods, resources: ["pods/log"] }, {}, false],
  ["a subresource", { ...pods, resources: ["pods/log"] }, { subresource: "log" }, true],
  ["any resource", { ...pods, resources: ["*"] }, { subresource: "log" }, true],
  ["a subresource of anything", { ...pods, resources: ["*/scale"] }, { subresource: "scale" }, true],
  ["another subresource of anything", { ...pods, resources: ["*/scale"] }, { subresource: "log" }, false],
  ["anything, by a rule for a subresource of anything", { ...pods, resources: ["*/scale"] }, {}, false],
  [
    "all of a resource's subresources, which RBAC has not",
    { ...pods, resources: ["pods/*"] },
    { subresource: "log" },
    false,
  ],
  ["any verb", { ...pods, verbs: ["*"] }, { verb: "deletecollection" }, true],
  ["any group", { ...pods, apiGroups: ["*"] }, { group: "metrics.k8s.io" }, true],
  ["a name", { ...pods, resourceNames: ["web"] }, {}, true],
  ["another name", { ...pods, resourceNames: ["db"] }, {}, false],
  ["all names, by a rule for one", { ...pods, resourceNames: ["web"] }, { name: "" }, false],
  ["an empty list of names is any", { ...pods, resourceNames: [] }, {}, true],
  ["a rule that says nothing", {}, {}, false],
  ["a path", { verbs: ["get"], nonResourceURLs: ["/metrics"] }, path("/metrics"), true],
  ["a path below", { verbs: ["get"], nonResourceURLs: ["/metrics"] }, path("/metrics/cadvisor"), false],
  ["a path with a star", { verbs: ["get"], nonResourceURLs: ["/metrics/*"] }, path("/metrics/cadvisor"), true],
  ["the star's own path", { verbs: ["get"], nonResourceURLs: ["/metrics/*"] }, path("/metrics"), false],
  ["any path", { verbs: ["*"], nonResourceURLs: ["*"] }, path("/x", "post"), true],
  ["another method", { verbs: ["get"], nonResourceURLs: ["*"] }, path("/x", "post"), false],
  ["a path, by a rule for all resources", { verbs: ["*"], apiGroups: ["*"], resources: ["*"] }, path("/x"), false],
  ["a resource, by a rule for all paths", { verbs: ["*"], nonResourceURLs: ["*"] }, {}, false],
];

for (const [name, rule, wanted, allowed] of cases) {
  Deno.test(`ruleAllows() ${allowed ? "allows" : "does not allow"} ${name}`, () => {
    equal(ruleAllows(rule, { ...base, ...wanted }), allowed);
  });
}

const all: PolicyRule[] = [{ verbs: ["*"], apiGroups: ["*"], resources: ["*"] }, {
  verbs: ["*"],
  nonResourceURLs: ["*"],
}];

const coverage: [name: string, owned: PolicyRule[], rules: PolicyRule[], missing: number][] = [
  ["nothing", [], [], 0],
  ["what is the same", [pods], [pods], 0],
  ["what is less", [{ ...pods, verbs: ["get", "list"] }], [pods], 0],
  ["what is more, by that alone", [pods], [{ ...pods, verbs: ["get", "list", "watch"] }], 2],
  ["what several rules make up", [pods, { ...pods, verbs: ["list"] }], [{ ...pods, verbs: ["get", "list"] }], 0],
  ["everything", all, [...all, pods], 0],
  [
    "a star, by all that there is now",
    [{ ...pods, resources: ["pods", "secrets"] }],
    [{ ...pods, resources: ["*"] }],
    1,
  ],
  ["a star of verbs", [{ ...pods, verbs: ["get", "list"] }], [{ ...pods, verbs: ["*"] }], 1],
  ["a name, by all names", [pods], [{ ...pods, resourceNames: ["web"] }], 0],
  ["all names, by a name", [{ ...pods, resourceNames: ["web"] }], [pods], 1],
  ["one of two names", [{ ...pods, resourceNames: ["web"] }], [{ ...pods, resourceNames: ["web", "db"] }], 1],
  ["a subresource, by the resource", [pods], [{ ...pods, resources: ["pods/log"] }], 1],
  [
    "a subresource, by that of anything",
    [{ ...pods, resources: ["*/log"] }],
    [{ ...pods, resources: ["pods/log"] }],
    0,
  ],
  ["a path, by a star", [{ verbs: ["get"], nonResourceURLs: ["/a/*"] }], [{
    verbs: ["get"],
    nonResourceURLs: ["/a/b"],
  }], 0],
  ["a star, by a path", [{ verbs: ["get"], nonResourceURLs: ["/a/b"] }], [{
    verbs: ["get"],
    nonResourceURLs: ["/a/*"],
  }], 1],
  ["paths, by resources", [all[0]], [{ verbs: ["get"], nonResourceURLs: ["/a"] }], 1],
];

for (const [name, owned, rules, missing] of coverage) {
  Deno.test(`uncovered() finds ${missing} missing for ${name}`, () => equal(uncovered(owned, rules).length, missing));
}

Deno.test("a rule of billions of parts is looked at as a whole", () => {
  const names = (letter: string) => Array.from({ length: 3000 }, (_, at) => `${letter}${at}`);
  const huge: PolicyRule = { verbs: names("v"), apiGroups: names("g"), resources: names("r") };
  const covered = (owned: PolicyRule[], rule: PolicyRule) => uncovered(owned, [rule]).length === 0;
  equal(covered([pods, { ...huge, verbs: names("v").slice(1) }], huge), false);
  equal(covered([pods], huge), false);
  equal(covered([all[0]], huge), true);
  equal(covered([huge], huge), true);
  const mixed: PolicyRule = { ...huge, nonResourceURLs: ["/a"] };
  equal(covered([{ verbs: ["*"], nonResourceURLs: ["*"] }], mixed), false);
});

Deno.test("a rule is printed as Go prints it, and rules that differ in verbs are one", () => {
  const rules = compact(uncovered([], [{ ...pods, verbs: ["get", "list"], resourceNames: ["web"] }]));
  deepEqual(rules.map(ruleText), ['{APIGroups:[""], Resources:["pods"], ResourceNames:["web"], Verbs:["get" "list"]}']);
});
