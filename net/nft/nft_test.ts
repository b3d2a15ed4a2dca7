import assert from "node:assert/strict";
import { judgeFeatures } from "./probe.ts";
import { isOlder } from "./probe.ts";
import { NftError, readProblems } from "./runner.ts";
import { NftProcess } from "./process.ts";

Deno.test("readProblems() finds the element that is at fault by its line", () => {
  const script = "add element ip t m {\n10.0.0.1 . tcp . 80 : goto a,\n10.0.0.2 . tcp . 80 : goto b }\n";
  const said = "/dev/stdin:3:1-20: Error: Could not process rule: No such file or directory\n10.0.0.2 …\n^^^^\n";
  assert.deepEqual(readProblems(said, script), [{
    message: "Could not process rule: No such file or directory",
    line: 3,
    text: "10.0.0.2 . tcp . 80 : goto b }",
  }]);
});

Deno.test("readProblems() takes errors without a place, and anything else as it is", () => {
  assert.deepEqual(readProblems("Error: Service out of range\nadd…\n^^^\n"), [{ message: "Service out of range" }]);
  assert.deepEqual(readProblems("netlink: Operation not permitted\n"), [{
    message: "netlink: Operation not permitted",
  }]);
  assert.deepEqual(readProblems(""), []);
  assert.match(
    new NftError([{ message: "File exists", text: "a : b" }]).message,
    /^Cannot change .*: File exists: a : b$/,
  );
});

Deno.test("isOlder() compares versions by their numbers", () => {
  const older: [string, string][] = [["1.0.5", "1.0.6"], ["5.9.1", "5.13"], ["5.10.0-13-amd64", "5.13"], [
    "1.0",
    "1.0.1",
  ]];
  for (const [a, b] of older) {
    assert.equal(isOlder(a, b), true, `${a} < ${b}`);
    assert.equal(isOlder(b, a), false, `${b} < ${a}`);
  }
  assert.equal(isOlder("5.13.0", "5.13"), false);
});

Deno.test("judgeFeatures() tells what keeps the proxy from working from what only takes something from it", () => {
  const good = { nft: "1.0.6", kernel: "6.1.0-13-amd64", fib: true, sctp: true, ipv6: true };
  assert.deepEqual(judgeFeatures(good).problems, []);
  const fatal = judgeFeatures({ ...good, nft: "1.0.2", kernel: "5.10.0" }).problems;
  assert.deepEqual(fatal.map((each) => each.fatal), [true, true]);
  assert.deepEqual(judgeFeatures({ ...good, nft: undefined }).problems.map((each) => each.fatal), [true]);
  const less = judgeFeatures({ ...good, fib: false, sctp: false, ipv6: false }).problems;
  assert.deepEqual(less.map((each) => each.fatal), [false, false, false]);
});

Deno.test("NftProcess gives the problems of a script that is refused, and tells a missing program", async () => {
  const refusing = new NftProcess(["sh", "-c", "cat >&2; exit 1"]);
  await assert.rejects(refusing.run("x:1:1-2: Error: not this\n"), (error) => {
    assert.ok(error instanceof NftError);
    assert.equal(error.problems[0].message, "not this");
    return true;
  });
  await assert.rejects(new NftProcess(["islet-no-such-program"]).run(""), /Cannot run islet-no-such-program/);
});
