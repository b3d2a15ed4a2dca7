import { deepEqual, equal, rejects } from "node:assert/strict";
import { runProgram } from "./child.ts";

Deno.test("runProgram() feeds a program and tells how it ended and what it said", async () => {
  const script = 'cat; echo "$WHO" >&2; exit 3';
  deepEqual(await runProgram("sh", { args: ["-c", script], env: { WHO: "me" }, input: "said" }), {
    success: false,
    stdout: "said",
    stderr: "me\n",
  });
});

Deno.test("runProgram() passes megabytes both ways, and one on that reads none of them", async () => {
  const input = "x".repeat(4_000_000);
  equal((await runProgram("cat", { input })).stdout.length, input.length);
  deepEqual(await runProgram("sh", { args: ["-c", "echo no >&2"], input }), {
    success: true,
    stdout: "",
    stderr: "no\n",
  });
});

Deno.test("runProgram() throws where there is no such program", async () => {
  await rejects(runProgram("/no/such/program", {}), Deno.errors.NotFound);
});
