import assert from "node:assert/strict";
import type { Container } from "../../objects/mod.ts";
import { restartPolicy, shouldRestart } from "./restart_policy.ts";
import { container, pod } from "../testing.ts";

type Policy = "Always" | "OnFailure" | "Never";
const rule = (operator: "In" | "NotIn", ...values: number[]) => ({
  action: "Restart" as const,
  exitCodes: { operator, values },
});

const table: [name: string, policy: Policy, role: "init" | "regular", more: Partial<Container>, restarts: number[]][] =
  [
    ["Always", "Always", "regular", {}, [0, 1, 137]],
    ["OnFailure", "OnFailure", "regular", {}, [1, 137]],
    ["Never", "Never", "regular", {}, []],
    ["an init container under Always", "Always", "init", {}, [1, 137]],
    ["an init container under OnFailure", "OnFailure", "init", {}, [1, 137]],
    ["an init container under Never", "Never", "init", {}, []],
    ["a sidecar under Never", "Never", "init", { restartPolicy: "Always" }, [0, 1, 137]],
    ["a container's own Never under Always", "Always", "regular", { restartPolicy: "Never" }, []],
    ["a container's own OnFailure under Never", "Never", "regular", { restartPolicy: "OnFailure" }, [1, 137]],
    ["an init container's own OnFailure under Never", "Never", "init", { restartPolicy: "OnFailure" }, [1, 137]],
    ["rule In under its own Never", "Always", "regular", {
      restartPolicy: "Never",
      restartPolicyRules: [rule("In", 137)],
    }, [137]],
    ["rule NotIn under its own Never", "Never", "regular", {
      restartPolicy: "Never",
      restartPolicyRules: [rule("NotIn", 0, 1)],
    }, [137]],
    ["two rules", "Never", "regular", {
      restartPolicy: "Never",
      restartPolicyRules: [rule("In", 0), rule("In", 1)],
    }, [0, 1]],
    ["a rule for 0 on an init container", "Never", "init", {
      restartPolicy: "Never",
      restartPolicyRules: [rule("In", 0, 1)],
    }, [1]],
  ];

for (const [name, policy, role, more, restarts] of table) {
  Deno.test(`shouldRestart() with ${name}: after [${restarts}]`, () => {
    const one = container("one", more);
    const of = role === "init"
      ? pod({ restartPolicy: policy, initContainers: [one] })
      : pod({ restartPolicy: policy, containers: [one] });
    assert.deepEqual([0, 1, 137].filter((code) => shouldRestart(of, one, code)), restarts);
  });
}

Deno.test("restartPolicy() is the container's own, else the pod's, else Always", () => {
  assert.equal(restartPolicy(pod({ restartPolicy: "OnFailure" }), container("a")), "OnFailure");
  assert.equal(restartPolicy(pod({ restartPolicy: "OnFailure" }), container("a", { restartPolicy: "Never" })), "Never");
  assert.equal(restartPolicy(pod({ restartPolicy: undefined }), container("a")), "Always");
});
