import assert from "node:assert/strict";
import { silentLogger } from "../../telemetry/log.ts";
import { Announcements } from "./announcements.ts";
import type { Failure } from "../execute/failures.ts";
import { attempt, ended, observed, pod, sandbox, state } from "../testing.ts";

function listen() {
  const told: string[] = [];
  const log = { ...silentLogger, warn: (message: string) => void told.push(message) };
  const announce = new Announcements(
    (_pod, container, type, reason) => void told.push([type, reason, container].filter(Boolean).join(" ")),
    log,
  );
  return { told, announce };
}

Deno.test("the back-off of an ended container is told once, and again for its next attempt", () => {
  const { told, announce } = listen();
  const of = pod();
  const waiting = (number: number) =>
    state(of, observed([sandbox()], [ended(of, "web", 1, { attempt: number })]), {
      backoff: new Map([[`web-${number}`, 200_000]]),
    });
  announce.backOffs(waiting(0));
  announce.backOffs(waiting(0));
  assert.deepEqual(told, ["Warning BackOff web"]);
  announce.digest(waiting(1).observed!);
  announce.backOffs(waiting(1));
  assert.deepEqual(told, ["Warning BackOff web", "Warning BackOff web"]);
});

Deno.test("no back-off is told of a container that is not to run again, nor of a pod that ends", () => {
  const { told, announce } = listen();
  const of = pod({ restartPolicy: "Never" });
  const seen = observed([sandbox()], [ended(of, "web", 1)]);
  const backoff = new Map([["web-0", 200_000]]);
  announce.backOffs(state(of, seen, { backoff }));
  const always = pod();
  const intent = { type: "delete", deadline: 0, message: "" } as const;
  announce.backOffs(state(always, observed([sandbox()], [ended(always, "web", 1)]), { backoff, intent }));
  assert.deepEqual(told, []);
});

Deno.test("a sandbox that replaces another and a kill that overtakes none are told of", () => {
  const { told, announce } = listen();
  const of = pod();
  const empty = state(of, observed([])), running = state(of, observed([sandbox()], [attempt(of, "web")]));
  const create = { type: "createSandbox", attempt: 0, reason: "" } as const;
  const kill = {
    type: "killContainer",
    name: "web",
    containerId: "web-0",
    deadline: 0,
    restart: false,
    message: "",
  } as const;
  announce.begins(create, empty, false);
  announce.begins(create, running, false);
  announce.begins(kill, running, false);
  announce.begins(kill, running, true);
  assert.deepEqual(told, ["Normal SandboxChanged", "Normal Killing web"]);
});

Deno.test("the log tells of a failure once, an event each time", () => {
  const { told, announce } = listen();
  const action = { type: "startContainer", name: "web", attempt: 0, reason: "" } as const;
  const failure: Failure = {
    reason: "CreateContainerError",
    message: "no",
    event: "Failed",
    eventMessage: "Error: no",
  };
  announce.failed(pod(), action, failure, true);
  announce.failed(pod(), action, failure, false);
  assert.deepEqual(told, [
    "Warning Failed web",
    "Cannot start the container; trying again",
    "Warning Failed web",
  ]);
});

Deno.test("a deadline that has passed is told of once", () => {
  const { told, announce } = listen();
  const intent = { type: "finish", deadline: 0, reason: "DeadlineExceeded", message: "" } as const;
  announce.deadline(pod(), { type: "run" });
  announce.deadline(pod(), intent);
  announce.deadline(pod(), intent);
  assert.deepEqual(told, ["Normal DeadlineExceeded"]);
});
