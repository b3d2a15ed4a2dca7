import { deepEqual } from "node:assert/strict";
import type { ForwardConfig } from "../../net/dns/mod.ts";
import { ManualClock } from "../clock.ts";
import { silentLogger } from "../telemetry/log.ts";
import { forwardConfig, NodeResolvers } from "./node_resolvers.ts";

Deno.test("forwardConfig() takes servers and options from resolv.conf, and stub domains besides", () => {
  const text = "nameserver 192.0.2.1\nnameserver fd00::1\noptions timeout:3 rotate\nsearch lan\n";
  deepEqual(forwardConfig(text, { "corp.example": ["10.0.0.53:5353"] }), {
    servers: [{ address: "192.0.2.1", port: 53 }, { address: "fd00::1", port: 53 }],
    timeout: 3,
    rotate: true,
    stubDomains: { "corp.example": [{ address: "10.0.0.53", port: 5353 }] },
  });
});

Deno.test("NodeResolvers reads the file when it is written, replaced, removed, and no more often", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const resolvConf = `${dir}/resolv.conf`;
    const clock = new ManualClock();
    const told: string[] = [];
    const resolvers = new NodeResolvers({
      resolvConf,
      stubDomains: {},
      configure: ({ servers }: ForwardConfig) => {
        told.push(servers.map(({ address }) => address).join());
        return { refused: [] };
      },
      clock,
      log: silentLogger,
    });
    resolvers.start();
    await clock.advance(20_000);
    deepEqual(told.splice(0), [""]);
    Deno.writeTextFileSync(resolvConf, "nameserver 192.0.2.1\n");
    await clock.advance(5000);
    deepEqual(told.splice(0), ["192.0.2.1"]);
    await clock.advance(20_000);
    deepEqual(told.splice(0), []);
    Deno.writeTextFileSync(`${resolvConf}.new`, "nameserver 192.0.2.2\n");
    Deno.renameSync(`${resolvConf}.new`, resolvConf);
    await clock.advance(5000);
    deepEqual(told.splice(0), ["192.0.2.2"]);
    Deno.removeSync(resolvConf);
    await clock.advance(5000);
    deepEqual(told.splice(0), [""]);
    resolvers.stop();
    Deno.writeTextFileSync(resolvConf, "nameserver 192.0.2.1\n");
    await clock.advance(20_000);
    deepEqual(told, []);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
