/** islet under systemd, as far as that goes without one: what a service tells it. The rest is tested in tests/vm. */
import { equal, match, ok } from "node:assert/strict";
import { loadLibc } from "../../agent/linux/mod.ts";
import { datagrams } from "../../agent/systemd/testing.ts";
import { TestNode } from "../support/node.ts";

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
