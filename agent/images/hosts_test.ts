import assert from "node:assert/strict";
import { join } from "node:path";
import { ManualClock } from "../clock.ts";
import { directRegistries, RegistryHosts, registryPorts } from "./hosts.ts";

Deno.test("RegistryHosts knocks once for all who ask at the same time", async () => {
  let knocks = 0;
  const hosts = new RegistryHosts({
    clock: new ManualClock(),
    knock: () => Promise.resolve(void knocks++),
  });
  assert.deepEqual(await Promise.all([1, 2, 3].map(() => hosts.reachable("r.example"))), [true, true, true]);
  assert.equal(knocks, 1);
});

Deno.test("RegistryHosts gives a black hole one second, once, then remembers it for longer each time", async () => {
  const clock = new ManualClock();
  let knocks = 0;
  const hosts = new RegistryHosts({
    clock,
    knock: () => {
      knocks++;
      return new Promise(() => {});
    },
  });
  for (const [round, quiet] of [15_000, 30_000, 60_000, 120_000, 120_000].entries()) {
    const asked = hosts.reachable("r.example");
    await clock.advance(1000);
    assert.equal(await asked, false);
    assert.equal(knocks, round + 1);
    assert.equal(await hosts.reachable("r.example"), false, "from memory");
    assert.equal(knocks, round + 1);
    await clock.advance(quiet - 1);
    assert.equal(hosts.isDown("r.example"), true);
    await clock.advance(1);
    assert.equal(hosts.isDown("r.example"), false);
  }
});

Deno.test("RegistryHosts forgets as soon as the registry answers", () => {
  const hosts = new RegistryHosts({ clock: new ManualClock(), knock: () => Promise.reject(new Error("refused")) });
  hosts.failed("r.example");
  assert.equal(hosts.isDown("r.example"), true);
  hosts.answered("r.example");
  assert.equal(hosts.isDown("r.example"), false);
});

Deno.test("RegistryHosts opens a real connection by default", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const accepted = listener.accept();
  const hosts = new RegistryHosts();
  assert.equal(await hosts.reachable(`127.0.0.1:${port}`), true);
  (await accepted).close();
  listener.close();
  assert.equal(await new RegistryHosts().reachable(`127.0.0.1:${port}`), false);
});

Deno.test("registryPorts() knows HTTPS, Docker's registry, and HTTP on this machine", () => {
  assert.deepEqual(registryPorts("r.example:5000"), [{ host: "r.example", port: 5000 }]);
  assert.deepEqual(registryPorts("r.example"), [{ host: "r.example", port: 443 }]);
  assert.deepEqual(registryPorts("docker.io"), [{ host: "registry-1.docker.io", port: 443 }]);
  assert.deepEqual(registryPorts("[::1]:5000"), [{ host: "::1", port: 5000 }]);
  assert.deepEqual(registryPorts("localhost"), [{ host: "localhost", port: 443 }, { host: "localhost", port: 80 }]);
});

Deno.test("directRegistries() leaves out what is reached through a mirror or a proxy", () => {
  const dir = Deno.makeTempDirSync();
  try {
    Deno.mkdirSync(join(dir, "mirrored.example"));
    Deno.writeTextFileSync(join(dir, "mirrored.example/hosts.toml"), "");
    const direct = directRegistries(dir, { PATH: "/bin", https_proxy: "" });
    assert.equal(direct("r.example"), true);
    assert.equal(direct("mirrored.example"), false);
    assert.equal(directRegistries(dir, { HTTPS_PROXY: "http://proxy.example" })("r.example"), false);
  } finally {
    Deno.removeSync(dir, { recursive: true });
  }
});
