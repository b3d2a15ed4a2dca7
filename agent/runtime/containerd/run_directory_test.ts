import assert from "node:assert/strict";
import { join } from "node:path";
import { containerdPaths } from "./paths.ts";
import { claimRunDirectory, configOf } from "./run_directory.ts";

Deno.test("configOf() is the configuration of a containerd and of nothing else", () => {
  assert.equal(configOf(["/usr/bin/containerd", "--config", "/r/config.toml"]), "/r/config.toml");
  assert.equal(configOf(["/usr/bin/vi", "--config", "/r/config.toml"]), undefined);
  assert.equal(configOf([]), undefined);
});

Deno.test("claimRunDirectory() refuses to leave containers behind in another directory", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const [old, moved] = ["a", "b"].map((run) => containerdPaths(join(dir, "root"), { runDir: join(dir, run) }));
    claimRunDirectory(moved); // nothing was there before
    await Deno.mkdir(join(dir, "root/containerd"), { recursive: true });
    await Deno.writeTextFile(old.config, `version = 2\nstate = ${JSON.stringify(old.state)}\n`);
    claimRunDirectory(moved); // nothing runs there
    const tasks = join(old.state, "io.containerd.runtime.v2.task/k8s.io");
    await Deno.mkdir(join(tasks, "c0ffee"), { recursive: true });
    claimRunDirectory(old);
    assert.throws(() => claimRunDirectory(moved), {
      message: `Cannot use the run directory ${dir}/b: this node's containers run in ${dir}/a; ` +
        "stay with that one until they have ended or the machine starts anew",
    });
    await Deno.remove(join(tasks, "c0ffee"));
    claimRunDirectory(moved);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("claimRunDirectory() refuses a directory in which another node's containerd runs", async () => {
  const dir = await Deno.makeTempDir();
  const [ours, other] = ["ours", "other"].map((root) => containerdPaths(join(dir, root), { runDir: join(dir, "run") }));
  await Deno.mkdir(join(dir, "other/containerd"), { recursive: true });
  await Deno.writeTextFile(other.config, `state = ${JSON.stringify(other.state)}\n`);
  // a process that looks like it: waits for its standard input
  await Deno.symlink("/bin/sh", join(dir, "containerd"));
  await Deno.writeTextFile(join(dir, "wait"), "read line\n");
  const process = new Deno.Command(join(dir, "containerd"), {
    args: [join(dir, "wait"), "--config", other.config],
    stdin: "piped",
  }).spawn();
  try {
    claimRunDirectory(other);
    assert.throws(() => claimRunDirectory(ours), {
      message:
        `Cannot use the run directory ${dir}/run: containerd of another node runs there (process ${process.pid}); ` +
        "give each node one of its own",
    });
  } finally {
    await process.stdin.close();
    await process.status;
    await Deno.remove(dir, { recursive: true });
  }
  claimRunDirectory(ours);
});
