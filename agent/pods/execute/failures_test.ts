import { equal } from "node:assert/strict";
import { describeFailure, StepError } from "./failures.ts";

Deno.test("what a step says of its failure is not said again in its causes' words", () => {
  const cause = new Error("Cannot complete StartContainer: no such program", {
    cause: new Error("[unknown] no such program"),
  });
  const failure = describeFailure(
    { type: "startContainer", name: "web", attempt: 0, reason: "" },
    new StepError("RunContainerError", "no such program", { cause, event: "Failed", eventMessage: "Error: it" }),
  );
  equal(failure.message, "no such program");
  equal(failure.eventMessage, "Error: it");
});
