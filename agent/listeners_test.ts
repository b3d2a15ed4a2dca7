import assert from "node:assert/strict";
import { Listeners } from "./listeners.ts";

Deno.test("Listeners hear in the order in which they came, until they are taken away", () => {
  const told: string[] = [];
  const bell = new Listeners<[who: string]>();
  const leave = bell.add((who) => told.push(`first ${who}`));
  bell.add((who) => told.push(`second ${who}`));
  bell.tell("a");
  leave();
  bell.tell("b");
  assert.deepEqual(told, ["first a", "second a", "second b"]);
});
