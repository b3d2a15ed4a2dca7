import { deepEqual, equal } from "node:assert/strict";
import { bootstrapRoles } from "../../api/auth/bootstrap.ts";
import type { ClusterRole } from "../../objects/mod.ts";
import { TestStore } from "../testing.ts";
import { planAggregation, RoleAggregation } from "./mod.ts";

const apiVersion = "rbac.authorization.k8s.io/v1";
const get = (resource: string) => ({ verbs: ["get"], apiGroups: [""], resources: [resource] });
const role = (
  name: string,
  rules: object[],
  labels: Record<string, string> = {},
  selects?: Record<string, string>,
) => ({
  apiVersion,
  kind: "ClusterRole",
  metadata: { name, labels },
  rules,
  ...(selects ? { aggregationRule: { clusterRoleSelectors: [{ matchLabels: selects }] } } : {}),
} as unknown as ClusterRole);

Deno.test("a role that aggregates gets the rules of those that are chosen, each once, in the order of their names", () => {
  const chosen = { team: "a" };
  const roles = [
    role("all", [get("old")], chosen, chosen),
    role("b", [get("pods"), get("nodes")], chosen),
    role("a", [get("nodes")], chosen),
    role("other", [get("secrets")]),
  ];
  deepEqual([...planAggregation(roles)], [["all", [get("nodes"), get("pods")]]]);
});

Deno.test("a role that has its rules is left alone, and one without a rule of that kind always", () => {
  equal(planAggregation([role("all", [get("pods")], {}, { x: "1" }), role("a", [get("pods")], { x: "1" })]).size, 0);
  equal(planAggregation([role("plain", [get("pods")])]).size, 0);
});

Deno.test("the built-in roles have their rules from the beginning", () => {
  deepEqual(planAggregation(bootstrapRoles() as unknown as ClusterRole[]), new Map());
});

Deno.test("rules follow through a chain of roles, as labels come and roles go", async () => {
  await using test = new TestStore();
  const { store, clock, log } = test;
  const controller = new RoleAggregation({ store, clock, log });
  await test.put(role("edit", [], { "to-admin": "true" }, { "to-edit": "true" }));
  await test.put(role("admin", [], {}, { "to-admin": "true" }));
  controller.start();
  await test.put(role("crontabs", [get("crontabs")], { "to-edit": "true" }));
  await test.settle(controller);
  const rules = (name: string) => test.get<ClusterRole>("ClusterRole", "", name)?.rules;
  deepEqual([rules("edit"), rules("admin")], [[get("crontabs")], [get("crontabs")]]);
  const { writes } = test;
  await test.settle(controller);
  equal(test.writes, writes);
  await test.remove("ClusterRole", "", "crontabs");
  await test.settle(controller);
  deepEqual([rules("edit"), rules("admin")], [[], []]);
  await controller.stop();
});
