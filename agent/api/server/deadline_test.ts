import { equal } from "node:assert/strict";
import { Deadline } from "./deadline.ts";

/** A deadline whose timers are counted, and the world's clock in the test's hand. */
function withTimers(test: (world: { armed: () => number; pass: (ms: number) => void }) => void): void {
  const real = { setTimeout: globalThis.setTimeout, clearTimeout: globalThis.clearTimeout, now: performance.now };
  const timers = new Map<number, { at: number; act: () => void }>();
  let now = 1000, last = 0;
  Object.assign(globalThis, {
    setTimeout: (act: () => void, ms: number) => (timers.set(++last, { at: now + ms, act }), last),
    clearTimeout: (id: number) => timers.delete(id),
  });
  performance.now = () => now;
  const pass = (ms: number) => {
    const end = now + ms;
    for (;;) {
      const [next] = [...timers].filter(([, { at }]) => at <= end).sort(([, a], [, b]) => a.at - b.at);
      if (!next) break;
      timers.delete(next[0]);
      now = next[1].at;
      next[1].act();
    }
    now = end;
  };
  try {
    test({ armed: () => last, pass });
  } finally {
    Object.assign(globalThis, { setTimeout: real.setTimeout, clearTimeout: real.clearTimeout });
    performance.now = real.now;
  }
}

Deno.test("a deadline acts once, when its time has come and not before", () =>
  withTimers(({ pass }) => {
    const deadline = new Deadline();
    let acted = 0;
    deadline.set(100, () => acted++);
    pass(99);
    equal(acted, 0);
    pass(1);
    equal(acted, 1);
    pass(1000);
    equal(acted, 1);
  }));

Deno.test("only the last thing that was set is due", () =>
  withTimers(({ pass }) => {
    const deadline = new Deadline();
    const acted: string[] = [];
    deadline.set(100, () => acted.push("first"));
    pass(50);
    deadline.set(100, () => acted.push("later"));
    pass(99);
    equal(acted.join(), "");
    pass(1);
    equal(acted.join(), "later");
    deadline.set(100, () => acted.push("late"));
    deadline.set(10, () => acted.push("sooner"));
    pass(10);
    equal(acted.join(), "later,sooner");
    pass(1000);
    equal(acted.join(), "later,sooner");
  }));

Deno.test("a deadline that was cleared does nothing, and what is set after it counts in full", () =>
  withTimers(({ pass }) => {
    const deadline = new Deadline();
    let acted = 0;
    deadline.set(100, () => acted++);
    deadline.clear();
    pass(60);
    deadline.set(100, () => acted++);
    pass(99);
    equal(acted, 0);
    pass(1);
    equal(acted, 1);
    deadline.set(100, () => acted++);
    deadline.end();
    pass(1000);
    equal(acted, 1);
  }));

Deno.test("a thousand requests need one timer", () =>
  withTimers(({ armed, pass }) => {
    const deadline = new Deadline();
    for (let request = 0; request < 1000; request++) {
      deadline.set(20_000, () => {});
      pass(1);
      deadline.clear();
    }
    equal(armed(), 1);
  }));
