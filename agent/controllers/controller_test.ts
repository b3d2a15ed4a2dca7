import assert from "node:assert/strict";
import type { StoreEvent } from "../store/mod.ts";
import { Controller } from "./controller.ts";
import { testPod, TestStore } from "./testing.ts";

class Counting extends Controller {
  rounds = 0;

  constructor(test: TestStore) {
    super({ ...test, name: "count", stores: [test.store] });
  }

  protected override matters({ object }: StoreEvent): boolean {
    return object.metadata.name === "mine";
  }

  protected override round(): void {
    this.rounds++;
  }
}

Deno.test("a controller has a round at its start and after every change that matters, until it stops", async () => {
  await using test = new TestStore();
  const controller = new Counting(test);
  controller.start();
  await test.settle(controller);
  assert.equal(controller.rounds, 1);
  await test.put(testPod("other"));
  await test.settle(controller);
  assert.equal(controller.rounds, 1);
  await test.put(testPod("mine"));
  await test.settle(controller);
  assert.equal(controller.rounds, 2);
  controller.wake();
  await test.settle(controller);
  assert.equal(controller.rounds, 3);
  await controller.stop();
  await test.put(testPod("mine", {}, { labels: { a: "b" } }));
  controller.wake();
  await test.settle(controller);
  assert.equal(controller.rounds, 3);
});
