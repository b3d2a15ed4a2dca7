import assert from "node:assert/strict";
import { join } from "node:path";
import { endStrayShims, isStrayShim, type ShimProcess } from "./stray_shims.ts";

const socket = "/run/islet/containerd.sock";
const bundle = "/run/islet/containerd/io.containerd.runtime.v2.task/k8s.io";
const shim = (more: Partial<ShimProcess> = {}): ShimProcess => ({
  pid: 7,
  args: ["/usr/bin/containerd-shim-runc-v2", "-namespace", "k8s.io", "-id", "abc", "-address", socket],
  cwd: `${bundle}/.abc (deleted)`,
  ...more,
});

const cases: { name: string; shim: ShimProcess; parents?: number[]; stray: boolean }[] = [
  { name: "one whose bundle is gone", shim: shim(), stray: true },
  { name: "none whose bundle is there", shim: shim({ cwd: `${bundle}/abc` }), stray: false },
  { name: "none that has children", shim: shim(), parents: [1, 7], stray: false },
  {
    name: "none of another containerd",
    shim: shim({ args: [...shim().args.slice(0, -1), "/run/containerd/containerd.sock"] }),
    stray: false,
  },
  { name: "no other program", shim: shim({ args: ["/usr/bin/vim", "-address", socket] }), stray: false },
];

for (const { name, shim, parents = [1], stray } of cases) {
  Deno.test(`isStrayShim() sees ${name}`, () => assert.equal(isStrayShim(shim, socket, new Set(parents)), stray));
}

Deno.test("endStrayShims() ends a shim without a bundle and leaves the others", async () => {
  const dir = Deno.makeTempDirSync();
  // A shell that waits; what follows its script are parameters, which it may have many of.
  const start = (id: string, address: string) => {
    const cwd = join(dir, id);
    Deno.mkdirSync(cwd);
    const script = `exec -a /usr/bin/containerd-shim-runc-v2 bash -c 'read -r _' -id ${id} -address ${address}`;
    return new Deno.Command("bash", { args: ["-c", script], cwd, stdin: "piped" }).spawn();
  };
  const address = join(dir, "containerd.sock");
  const [stray, kept, other] = [start("stray", address), start("kept", address), start("other", `${address}.other`)];
  try {
    for (const { pid } of [stray, kept, other]) {
      while (!Deno.readTextFileSync(`/proc/${pid}/cmdline`).includes("-address\0")) {
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    }
    for (const id of ["stray", "other"]) Deno.removeSync(join(dir, id));
    assert.equal(await endStrayShims(address, 100), 1);
    assert.notEqual((await stray.status).signal, null);
    assert.equal(await endStrayShims(address, 100), 0);
  } finally {
    for (const child of [stray, kept, other]) {
      await child.stdin.close().catch(() => {});
      await child.status;
    }
    Deno.removeSync(dir, { recursive: true });
  }
});
