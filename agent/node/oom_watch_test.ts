import { deepEqual, equal } from "node:assert/strict";
import type { ObservedContainer } from "../observed/types.ts";
import { oomMessage, OomWatch } from "./oom_watch.ts";

function watch() {
  const counts = new Map<string, number>();
  const told: string[] = [];
  const watch = new OomWatch({
    kills: ({ id }) => counts.get(id),
    tell: ({ id }, kills) => told.push(`${id} ${kills}`),
  });
  const container = (id: string, state = "running") => ({ id, name: id, state }) as ObservedContainer;
  return { counts, told, watch, container };
}

Deno.test("OomWatch tells each kill once", () => {
  const { counts, told, watch: oom, container } = watch();
  oom.look(container("a"));
  counts.set("a", 1);
  oom.look(container("a"));
  oom.look(container("a"));
  counts.set("a", 4);
  oom.look(container("a"));
  deepEqual(told, ["a 1", "a 3"]);
});

Deno.test("OomWatch says nothing of what an earlier life saw, nor of containers that have ended", () => {
  const { counts, told, watch: oom, container } = watch();
  counts.set("a", 2).set("b", 1);
  oom.adopt([container("a"), container("b", "exited")]);
  oom.look(container("a"));
  oom.look(container("b", "exited"));
  deepEqual(told, []);
  counts.set("a", 3);
  oom.look(container("a"));
  deepEqual(told, ["a 1"]);
});

Deno.test("OomWatch keeps nothing of containers that are gone", () => {
  const { counts, told, watch: oom, container } = watch();
  counts.set("a", 1);
  oom.look(container("a"));
  oom.retain(new Set());
  counts.set("a", 1);
  oom.look(container("a"));
  deepEqual(told, ["a 1", "a 1"]);
});

Deno.test("oomMessage() counts", () => {
  equal(oomMessage("main", 1), "Memory cgroup out of memory: Killed a process of container main");
  equal(oomMessage("main", 3), "Memory cgroup out of memory: Killed 3 processes of container main");
});
