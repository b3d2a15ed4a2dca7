import { equal, match } from "node:assert/strict";
import { kindHint } from "./kind_hint.ts";

Deno.test("kindHint() says what to write instead of a kind that there is not", () => {
  match(
    kindHint("Deployment")!,
    /^a control plane's controllers make its pods, .* write a Pod with what spec\.template has$/,
  );
  match(kindHint("CronJob")!, /what spec\.jobTemplate\.spec\.template has$/);
  equal(kindHint("pod"), "did you mean Pod?");
  equal(kindHint("Pods"), "did you mean Pod?");
  equal(kindHint("configmap"), "did you mean ConfigMap?");
  equal(kindHint("RoleBinding"), "RoleBinding is of apiVersion rbac.authorization.k8s.io/v1");
  equal(kindHint("Ingress"), undefined);
});
