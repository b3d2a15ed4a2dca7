/** `deno task test:vm`: installs what emulating a guest needs, compiles the program (or takes ISLET_BIN), runs the tests in the guest. */
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { compile } from "../support/compile.ts";
import { installPackages, nodePackages } from "../support/machine.ts";

const root = resolve(fileURLToPath(new URL("../..", import.meta.url)));
const packages = ["qemu-system-x86", "qemu-utils", "mmdebstrap", "e2fsprogs"];

const began = performance.now();
await installPackages([...packages, ...nodePackages], { onProgress: (message) => console.log(message) });
let binary = Deno.env.get("ISLET_BIN");
if (!binary) {
  console.log("compiling");
  binary = await compile();
}
const { code } = await new Deno.Command(Deno.execPath(), {
  args: ["test", "-A", "tests/vm/vm_test.ts"],
  cwd: root,
  env: { ISLET_BIN: binary },
  stdin: "null",
}).spawn().status;
console.log(`took ${((performance.now() - began) / 1000).toFixed(0)} s`);
Deno.exit(code);
