import { deepEqual, equal } from "node:assert/strict";
import { ManualClock } from "../clock.ts";
import { mayBeOom, settled } from "./late_reason.ts";
import type { ObservedContainer } from "./types.ts";

const ended = (more: Partial<ObservedContainer> = {}) =>
  ({ state: "exited", exitCode: 137, reason: "Error", finishedAt: 10_000, ...more }) as ObservedContainer;

Deno.test("mayBeOom() is true only for a container killed just now that has no reason of its own", () => {
  const cases: [ObservedContainer, number, boolean][] = [
    [ended(), 10_100, true],
    [ended({ reason: "OOMKilled" }), 10_100, false],
    [ended({ exitCode: 1 }), 10_100, false],
    [ended({ state: "running" }), 10_100, false],
    [ended(), 13_000, false],
  ];
  for (const [container, now, expected] of cases) equal(mayBeOom(container, now), expected);
});

Deno.test("settled() looks until the kernel's word has come, and no longer than it may take", async () => {
  const run = async (reasons: string[]) => {
    const clock = new ManualClock(10_000);
    let looks = 0;
    const result = settled(
      clock,
      () => Promise.resolve(ended({ reason: reasons[Math.min(looks++, reasons.length - 1)] })),
      (seen) => seen,
    );
    for (let i = 0; i < 10; i++) await clock.advance(20);
    return [(await result).reason, looks];
  };
  deepEqual(await run(["Error", "Error", "OOMKilled"]), ["OOMKilled", 3]);
  deepEqual(await run(["Error"]), ["Error", 4]);
  deepEqual(await run(["OOMKilled"]), ["OOMKilled", 1]);
});
