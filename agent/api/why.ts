/** `/islet/v1/namespaces/NS/pods/NAME/why`: why a pod is as it is. Plain text, or JSON for who asks for it. */
import type { Handler } from "hono";
import { problemText } from "../sources/mod.ts";
import { explain, explanationText } from "../why/mod.ts";
import type { AppDeps } from "./deps.ts";
import { findPod } from "./pods.ts";

export function whyPod(deps: AppDeps): Handler {
  return (c) => {
    const pod = findPod(deps, c.req.param("namespace")!, c.req.param("name")!);
    const { namespace, name, uid } = pod.metadata;
    const explanation = explain(pod, {
      events: deps.events.list({ kind: "Pod", uid }),
      now: deps.clock.now(),
      healthy: deps.healthy(),
      imagesDir: deps.imagesDir,
      problems: deps.problems().filter(({ severity, object }) =>
        severity === "error" && object?.kind === "Pod" && object.name === name &&
        (object.namespace ?? "default") === namespace
      ).map((problem) => problemText(problem)),
    });
    const wantsJson = /\bapplication\/json\b/.test(c.req.header("accept") ?? "");
    return wantsJson ? c.json(explanation) : c.text(explanationText(explanation) + "\n");
  };
}
