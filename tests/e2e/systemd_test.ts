/** islet under systemd, as far as that goes without one: what a service tells it. The rest is tested in tests/vm. */
import { equal, match, ok } from "node:assert/strict";
import { existsSync } from "node:fs";
import { loadLibc } from "../../agent/linux/mod.ts";
import { datagrams } from "../../agent/systemd/testing.ts";
import { isletCommand, TestNode } from "../support/node.ts";

loadLibc();

Deno.test("islet tells systemd when its API answers, that it lives, and that it ends", async () => {
  await using systemd = await datagrams();
  const node = await TestNode.start({
    images: false,
    env: { NOTIFY_SOCKET: systemd.path, WATCHDOG_USEC: "200000" },
  });
  try {
    equal(await systemd.next(), "EXTEND_TIMEOUT_USEC=60000000\n");
    const ready = await systemd.next();
    match(ready, /^READY=1\nSTATUS=Node node-\w+ runs\n$/);
    ok((await node.api("/healthz")).ok);
    for (let beats = 0; beats < 3; beats++) equal(await systemd.next(), "WATCHDOG=1\n");
    equal((await node.terminate()).code, 0);
    let last = "";
    while (systemd.waiting() > 0) last = await systemd.next();
    equal(last, "STOPPING=1\nSTATUS=Stopping; pods run on\n");
  } finally {
    await node.end();
  }
});

/** islet from source, or the binary under test. */
async function islet(...args: string[]) {
  const [program, ...first] = isletCommand();
  const { code, stdout, stderr } = await new Deno.Command(program, { args: [...first, ...args], stdin: "null" })
    .output();
  const decoder = new TextDecoder();
  return { code, said: decoder.decode(stdout) + decoder.decode(stderr) };
}

Deno.test("islet install below a prefix makes units, configuration and directories once; uninstall asks, and takes them away", async () => {
  const root = await Deno.makeTempDir({ prefix: "islet-install-" });
  try {
    const dry = await islet("install", "--root", root, "--dry-run");
    equal(dry.code, 0, dry.said);
    equal([...Deno.readDirSync(root)].length, 0);
    const first = await islet("install", "--root", root);
    equal(first.code, 0, first.said);
    match(first.said, /islet\.service: made/);
    for (
      const path of [
        "etc/islet/manifests",
        "etc/systemd/system/islet-containerd.service",
        "etc/systemd/system/multi-user.target.wants/islet.service",
        "var/lib/islet/containerd",
      ]
    ) ok(existsSync(`${root}/${path}`), path);
    await Deno.writeTextFile(
      `${root}/etc/islet/config.yaml`,
      "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nstaticPodPath: /srv/pods\n",
    );
    const second = await islet("install", "--root", root);
    match(second.said, /config\.yaml: yours, as it is/);
    match(second.said, /srv\/pods: made/);
    match(second.said, /islet\.service: as it is/);

    const asked = await islet("uninstall", "--root", root);
    equal(asked.code, 1);
    match(asked.said, /removes for good: .*var\/lib\/islet .*etc\/islet .*srv\/pods/);
    ok(existsSync(`${root}/etc/systemd/system/islet.service`));
    const kept = await islet("uninstall", "--root", root, "--keep-data");
    equal(kept.code, 0, kept.said);
    ok(!existsSync(`${root}/etc/systemd/system/islet.service`));
    ok(existsSync(`${root}/etc/islet/config.yaml`));
    equal((await islet("uninstall", "--root", root, "--yes")).code, 0);
    for (const path of ["etc/islet", "var/lib/islet", "srv/pods"]) ok(!existsSync(`${root}/${path}`), path);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});

Deno.test(
  "islet install without systemd says what to do instead",
  { ignore: existsSync("/run/systemd/system") },
  async () => {
    const { code, said } = await islet("install");
    equal(code, 1);
    match(said, /systemd does not run this machine/);
    match(said, /islet run --config \/etc\/islet\/config\.yaml/);
  },
);
