import assert from "node:assert/strict";
import type { ContainerStatus } from "../../objects/mod.ts";
import { container, pod } from "../testing.ts";
import { podPhase } from "./phase.ts";

const always = { restartPolicy: "Always" as const };
const plain = pod({ containers: [container("a"), container("b")] });
const withInit = pod({ initContainers: [container("one")] });
const withSidecar = pod({ initContainers: [container("mesh", always)] });

/** `running`, `waiting`, `done`, `failed`, `again` (waits, ran before), `started` (runs, startup probe passed). */
function states(...words: string[]): ContainerStatus[] {
  return words.map((word, i): ContainerStatus => ({
    name: `c${i}`,
    ready: false,
    restartCount: 0,
    image: "",
    imageID: "",
    started: word === "started",
    ...({
      waiting: { state: { waiting: { reason: "ContainerCreating" } } },
      running: { state: { running: {} } },
      started: { state: { running: {} } },
      done: { state: { terminated: { exitCode: 0 } } },
      failed: { state: { terminated: { exitCode: 1 } } },
      again: {
        state: { waiting: { reason: "CrashLoopBackOff" } },
        lastState: { terminated: { exitCode: 1 } },
      },
    }[word]),
  }));
}

const table: [name: string, of: typeof plain, init: string[], regular: string[], how: string, phase: string][] = [
  ["nothing has begun", plain, [], ["waiting", "waiting"], "", "Pending"],
  ["one container is not there yet", plain, [], ["running", "waiting"], "", "Pending"],
  ["everything runs", plain, [], ["running", "running"], "", "Running"],
  ["one container has ended and the pod goes on", plain, [], ["running", "done"], "", "Running"],
  ["a container backs off", plain, [], ["again", "again"], "", "Running"],
  ["an init container runs", withInit, ["running"], ["waiting"], "", "Pending"],
  ["an init container backs off", withInit, ["again"], ["waiting"], "", "Pending"],
  ["init is over and the container is made", withInit, ["done"], ["waiting"], "", "Pending"],
  ["init is over and the container runs", withInit, ["done"], ["running"], "", "Running"],
  ["init runs again in a new sandbox", withInit, ["running"], ["again"], "", "Running"],
  ["the sidecar has not started", withSidecar, ["running"], ["waiting"], "", "Pending"],
  ["sidecar and container run", withSidecar, ["started"], ["running"], "", "Running"],
  ["the sidecar backs off beside a running container", withSidecar, ["again"], ["running"], "", "Running"],
  ["all have completed", plain, [], ["done", "done"], "ending", "Succeeded"],
  ["one has failed", plain, [], ["done", "failed"], "ending", "Failed"],
  ["all have completed and a sidecar still runs", withSidecar, ["started"], ["done"], "ending alive", "Running"],
  ["init has failed for good", withInit, ["failed"], ["waiting"], "ending", "Failed"],
  ["a failed sidecar counts for nothing", withSidecar, ["failed"], ["done"], "ending", "Succeeded"],
  ["the node ended it, whatever its exit codes", plain, [], ["done", "done"], "ending ended", "Failed"],
  ["the node ends it and it still runs", plain, [], ["running", "running"], "ending ended alive", "Running"],
  ["it is deleted before anything ran", plain, [], ["waiting", "waiting"], "ending", "Failed"],
];

for (const [name, of, init, regular, how, phase] of table) {
  Deno.test(`podPhase() is ${phase} when ${name}`, () => {
    const [ending, ended, alive] = ["ending", "ended", "alive"].map((word) => how.split(" ").includes(word));
    assert.equal(
      podPhase({ pod: of, init: states(...init), regular: states(...regular), ending, ended, alive }),
      phase,
    );
  });
}
