/**
 * The guest's disk: a Debian with systemd, the cloud kernel and what a node needs from Debian, made by mmdebstrap and kept
 * for the next run under a name that stands for what it is made from.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { nodePackages } from "../support/machine.ts";
import { must } from "./run.ts";

export interface RootImage {
  disk: string;
  kernel: string;
  initrd: string;
}

const cache = "/var/cache/islet-tests";

/** What the guest has besides a node's packages. */
const packages = [
  "systemd-sysv",
  "dbus",
  "linux-image-cloud-amd64",
  "initramfs-tools",
  "iptables",
  "procps",
  "kmod",
  "util-linux",
  "mount",
  "ca-certificates",
  // asks the API at a fraction of what islet's own verbs take to start under emulation
  "curl",
];

/**
 * How the tests speak to the guest: a line with an id and a script in base64 comes over a virtio port, a line with the id,
 * the exit code and what was printed goes back.
 */
const control = `#!/bin/bash
exec 3<>/dev/vport*p1 || exit 1
echo "hello 0 -" >&3
while read -r -u 3 id script; do
  base64 -d <<<"$script" >/run/test-script
  bash /run/test-script >/run/test-output 2>&1 </dev/null 3<&-
  echo "$id $? $(base64 -w0 /run/test-output)" >&3
done
`;

const controlUnit = `[Unit]
Description=Runs what the tests ask for
DefaultDependencies=no
After=systemd-modules-load.service local-fs.target dbus.service

[Service]
ExecStart=/usr/local/sbin/test-control
Restart=always
`;

/** Units that cost an emulated machine time and serve no test; Debian's own containerd is not islet's. */
const masked = [
  ...["apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "e2scrub_all.timer", "fstrim.timer"],
  ...["e2scrub_reap.service", "containerd.service", "getty@tty1.service", "serial-getty@ttyS0.service"],
  ...["nftables.service", "systemd-timesyncd.service", "getty-static.service"],
];

const files: Record<string, string> = {
  "etc/hostname": "guest\n",
  "etc/fstab": "/dev/vda / ext4 defaults 0 1\n/dev/vdb /payload ext4 ro 0 0\n",
  "etc/machine-id": "",
  "etc/modules-load.d/tests.conf": "virtio_console\n",
  "etc/systemd/network/eth0.network": "[Match]\nName=eth0\n[Network]\nAddress=10.0.2.15/24\nGateway=10.0.2.2\n",
  "etc/systemd/system/test-control.service": controlUnit,
};

/** The image, made if there is none; takes minutes then, and the Debian packages. */
export async function rootImage(say: (message: string) => void): Promise<RootImage> {
  const { VERSION_CODENAME: suite = "bookworm" } = Object.fromEntries(
    Deno.readTextFileSync("/etc/os-release").split("\n").map((line) => line.replaceAll('"', "").split("=")),
  );
  const made = JSON.stringify([suite, packages, nodePackages, control, masked, files]);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(made)));
  const dir = join(
    cache,
    `vm-${[...digest.subarray(0, 6)].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`,
  );
  const image = { disk: join(dir, "root.ext4"), kernel: join(dir, "vmlinuz"), initrd: join(dir, "initrd") };
  if (existsSync(dir)) return image;
  say("making the guest's Debian (kept for the next run)");
  await Deno.mkdir(cache, { recursive: true });
  const work = await Deno.makeTempDir({ dir: cache, prefix: "making-" });
  const tree = join(work, "tree");
  try {
    const include = [...new Set([...packages, ...nodePackages])].join(",");
    await must("mmdebstrap", "--quiet", "--mode=root", "--variant=minbase", `--include=${include}`, suite, tree);
    for (const [path, text] of Object.entries(files)) await Deno.writeTextFile(join(tree, path), text);
    await Deno.writeTextFile(join(tree, "usr/local/sbin/test-control"), control, { mode: 0o755 });
    await Deno.mkdir(join(tree, "payload"));
    const units = join(tree, "etc/systemd/system");
    for (const unit of masked) await link("/dev/null", join(units, unit));
    await link("../test-control.service", join(units, "multi-user.target.wants/test-control.service"));
    await link(
      "/lib/systemd/system/systemd-networkd.service",
      join(units, "multi-user.target.wants/systemd-networkd.service"),
    );
    const ready = join(work, "ready");
    await Deno.mkdir(ready);
    for (const { name } of Deno.readDirSync(join(tree, "boot"))) {
      if (name.startsWith("vmlinuz-")) await Deno.copyFile(join(tree, "boot", name), join(ready, "vmlinuz"));
      if (name.startsWith("initrd.img-")) await Deno.copyFile(join(tree, "boot", name), join(ready, "initrd"));
    }
    await must("mkfs.ext4", "-q", "-F", "-d", tree, join(ready, "root.ext4"), "4G");
    await Deno.rename(ready, dir);
  } finally {
    await Deno.remove(work, { recursive: true });
  }
  return image;
}

async function link(target: string, path: string): Promise<void> {
  await Deno.remove(path).catch(() => {});
  await Deno.symlink(target, path);
}
