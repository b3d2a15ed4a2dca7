import assert from "node:assert/strict";
import { allowedSysctlProblems, safeSysctls } from "./sysctls.ts";

Deno.test("safeSysctls() leaves out what the kernel does not yet isolate", () => {
  const table: [kernel: string, count: number][] = [["3.10.0", 5], ["4.4.0-1", 6], ["4.5", 9], ["4.14.1", 10], [
    "6.1.0-13-amd64",
    12,
  ]];
  for (const [kernel, count] of table) assert.equal(safeSysctls(kernel).length, count, kernel);
});

Deno.test("allowedSysctlProblems() names what no namespace isolates", () => {
  assert.deepEqual(
    allowedSysctlProblems(["net.core.somaxconn", "net.*", "kernel.shm*", "kernel.sem", "fs/mqueue/*"]),
    [],
  );
  assert.deepEqual(allowedSysctlProblems(["vm.swappiness", "kernel.*"]), [
    'the sysctl "vm.swappiness" are not known to be namespaced',
    'the sysctls "kernel.*" are not known to be namespaced',
  ]);
});
