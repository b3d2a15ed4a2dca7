import assert from "node:assert/strict";
import { containerdConfig, type ContainerdFacts } from "./config.ts";
import { containerdPaths } from "./paths.ts";

const facts: ContainerdFacts = {
  version: { major: 1, minor: 6 },
  cniBinDir: "/usr/lib/cni",
  capSysResource: true,
  systemdCgroup: false,
  snapshotter: "overlayfs",
  apparmor: true,
};
const paths = containerdPaths("/var/lib/islet");

/** `[table]` → its `key = value` lines; enough TOML for what we write. */
function tables(text: string): Map<string, Record<string, unknown>> {
  const found = new Map<string, Record<string, unknown>>();
  let table: Record<string, unknown> = {};
  found.set("", table);
  for (const line of text.split("\n")) {
    const head = /^\[(.+)\]$/.exec(line), pair = /^([\w-]+|"[^"]+") = (.+)$/.exec(line);
    if (head) found.set(head[1], table = {});
    else if (pair) table[pair[1]] = JSON.parse(pair[2]);
  }
  return found;
}

Deno.test("containerdConfig() speaks version 2 to containerd 1.x", () => {
  const config = tables(containerdConfig(paths, facts));
  assert.equal(config.get("")!.version, 2);
  assert.equal(config.get("grpc")!.address, "/run/islet/containerd.sock");
  const cri = config.get('plugins."io.containerd.grpc.v1.cri"')!;
  assert.equal(cri.sandbox_image, "dev.islet/pause:1");
  assert.equal(config.get('plugins."io.containerd.grpc.v1.cri".containerd')!.snapshotter, "overlayfs");
  assert.deepEqual(config.get('plugins."io.containerd.grpc.v1.cri".cni'), {
    bin_dir: "/usr/lib/cni",
    conf_dir: "/var/lib/islet/cni/net.d",
  });
});

Deno.test("containerdConfig() speaks version 3 to containerd 2.x, where the CRI plugin is in three parts", () => {
  const config = tables(containerdConfig(paths, { ...facts, version: { major: 2, minor: 1 } }));
  assert.equal(config.get("")!.version, 3);
  assert.equal(config.get('plugins."io.containerd.cri.v1.images".pinned_images')!.sandbox, "dev.islet/pause:1");
  assert.equal(config.get('plugins."io.containerd.cri.v1.runtime"')!.restrict_oom_score_adj, false);
  assert.equal(config.get('plugins."io.containerd.cri.v1.runtime".containerd')!.default_runtime_name, "runc");
  assert.equal(config.get('plugins."io.containerd.grpc.v1.cri"')!.stream_server_address, "127.0.0.1");
});

Deno.test("containerdConfig() gives shims of an earlier life time to answer", () => {
  for (const major of [1, 2]) {
    const config = tables(containerdConfig(paths, { ...facts, version: { major, minor: 6 } }));
    assert.deepEqual(config.get("timeouts"), {
      '"io.containerd.timeout.shim.load"': "60s",
      '"io.containerd.timeout.task.state"': "30s",
    });
  }
});

Deno.test("containerdConfig() asks for no lower oom_score_adj than the machine allows", () => {
  const able = tables(containerdConfig(paths, facts));
  const unable = tables(containerdConfig(paths, { ...facts, capSysResource: false }));
  const cri = 'plugins."io.containerd.grpc.v1.cri"';
  assert.deepEqual([able.get("")!.oom_score, able.get(cri)!.restrict_oom_score_adj], [-999, false]);
  assert.deepEqual([unable.get("")!.oom_score, unable.get(cri)!.restrict_oom_score_adj], [0, true]);
});

Deno.test("containerdConfig() follows the machine's cgroup driver, AppArmor and snapshotter", () => {
  const text = containerdConfig(paths, { ...facts, systemdCgroup: true, apparmor: false, snapshotter: "native" });
  const config = tables(text);
  const cri = 'plugins."io.containerd.grpc.v1.cri"';
  assert.equal(config.get(`${cri}.containerd.runtimes.runc.options`)!.SystemdCgroup, true);
  assert.equal(config.get(cri)!.disable_apparmor, true);
  assert.equal(config.get(`${cri}.containerd`)!.snapshotter, "native");
  assert.ok((config.get("")!.disabled_plugins as string[]).includes("io.containerd.snapshotter.v1.overlayfs"));
  assert.ok(!(config.get("")!.disabled_plugins as string[]).includes("io.containerd.snapshotter.v1.native"));
});

Deno.test("containerdConfig() never disables what containerd 1.6 needs for tasks", () => {
  const disabled = tables(containerdConfig(paths, facts)).get("")!.disabled_plugins as string[];
  assert.ok(!disabled.includes("io.containerd.runtime.v1.linux"));
});
