import assert from "node:assert/strict";
import { isDebian, missingPackages } from "./machine.ts";

Deno.test({
  name: "missingPackages() tells what is installed from what is not",
  ignore: !isDebian(),
  fn: async () => {
    assert.deepEqual(await missingPackages(["dpkg", "islet-no-such-package", "coreutils"]), ["islet-no-such-package"]);
  },
});
