import assert from "node:assert/strict";
import { silentLogger } from "../telemetry/log.ts";
import { Lifecycle } from "./lifecycle.ts";

function setUp() {
  const told: string[] = [];
  const life = new Lifecycle({ ...silentLogger, warn: (message) => void told.push(message) });
  const part = (name: string, start: () => unknown = () => {}, stop: () => unknown = () => {}) => ({
    start() {
      told.push(`start ${name}`);
      return start();
    },
    stop() {
      told.push(`stop ${name}`);
      return stop();
    },
  });
  return { told, life, part };
}

Deno.test("parts start in order, each when the one before has, and stop the other way round, once", async () => {
  const { told, life, part } = setUp();
  life.atEnd(() => told.push("close"));
  await life.start(part("a", () => Promise.resolve().then(() => told.push("a is there"))), part("b"));
  await life.end();
  await life.end();
  assert.deepEqual(told, ["start a", "a is there", "start b", "stop b", "stop a", "close"]);
});

Deno.test("a part that cannot start is stopped with those before it", async () => {
  const { told, life, part } = setUp();
  const failing = part("b", () => Promise.reject(new Error("no")));
  await assert.rejects(life.start(part("a"), failing, part("c")), /no/);
  await life.end();
  assert.deepEqual(told, ["start a", "start b", "stop b", "stop a"]);
});

Deno.test("a part that cannot stop holds back no other", async () => {
  const { told, life, part } = setUp();
  const failing = part("b", () => {}, () => {
    throw new Error("no");
  });
  await life.start(part("a"), failing);
  await life.end();
  assert.deepEqual(told, ["start a", "start b", "stop b", "Cannot stop a part of the agent", "stop a"]);
});
