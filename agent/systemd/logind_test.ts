import { deepEqual, equal, match, ok } from "node:assert/strict";
import { join } from "node:path";
import { silentLogger } from "../telemetry/log.ts";
import { type Call } from "./dbus.ts";
import { decodeMessage, encodeMessage, type Message, messageLength, messageType, type Value } from "./dbus_message.ts";
import { machineIsStopping, ShutdownWatch } from "./logind.ts";

/** A message bus with a logind and a systemd on it that know what islet asks of them. */
class FakeBus {
  readonly path: string;
  readonly calls: Pick<Call, "destination" | "member" | "body">[] = [];
  /** Of logind, in microseconds. */
  delay = 5_000_000n;
  #conns: Deno.Conn[] = [];
  #listener: Deno.UnixListener;

  constructor(dir: string) {
    this.path = join(dir, "bus");
    this.#listener = Deno.listen({ transport: "unix", path: this.path });
    void this.#accept();
  }

  async signal(begins: boolean): Promise<void> {
    await this.#conns.at(-1)!.write(encodeMessage({
      type: messageType.signal,
      serial: 9,
      path: "/org/freedesktop/login1",
      interface: "org.freedesktop.login1.Manager",
      member: "PrepareForShutdown",
      sender: ":1.1",
      signature: "b",
      body: [begins],
    }));
  }

  close(): void {
    this.#listener.close();
    for (const conn of this.#conns) conn.close();
  }

  async #accept(): Promise<void> {
    for await (const conn of this.#listener) {
      this.#conns.push(conn);
      this.#serve(conn).catch(() => {});
    }
  }

  async #serve(conn: Deno.Conn): Promise<void> {
    let held = new Uint8Array();
    let entered = false;
    for (const chunk = new Uint8Array(4096);;) {
      const count = await conn.read(chunk);
      if (count === null) return;
      held = new Uint8Array([...held, ...chunk.subarray(0, count)]);
      if (!entered) {
        const text = new TextDecoder("latin1").decode(held);
        if (/^\0AUTH EXTERNAL (?:3\d)+\r\n$/.test(text)) await conn.write(new TextEncoder().encode("OK 1234\r\n"));
        const begin = text.indexOf("BEGIN\r\n");
        if (begin < 0) continue;
        entered = true;
        held = held.slice(begin + 7);
      }
      for (let length; (length = messageLength(held)) !== undefined && held.length >= length;) {
        const message = decodeMessage(held.subarray(0, length));
        held = held.slice(length);
        this.calls.push({ destination: message.destination!, member: message.member!, body: message.body as Value[] });
        await conn.write(encodeMessage(this.#answer(message)));
      }
    }
  }

  #answer({ serial, member, body }: Message): Message {
    const answer = {
      type: messageType.reply,
      serial: 100 + serial,
      replySerial: serial,
      sender: "org.freedesktop.DBus",
    };
    if (member === "Hello") return { ...answer, signature: "s", body: [":1.7"] };
    if (member === "KillUnit" && body[2] === 1) this.delay = 40_000_000n;
    if (member === "Get") return { ...answer, signature: "v", body: [{ type: "t", value: this.delay }] };
    return { ...answer, body: [] };
  }
}

async function until(what: () => boolean): Promise<void> {
  while (!what()) await new Promise((resolve) => setTimeout(resolve, 10));
}

/** A stand-in for systemd-inhibit that notes when the lock is taken and given back. */
async function inhibitor(dir: string): Promise<{ program: string; notes(): string }> {
  const [program, notes] = [join(dir, "inhibit"), join(dir, "notes")];
  const lines = ["#!/bin/sh", `echo "taken $*" >> ${notes}`, "cat", `echo given back >> ${notes}`];
  await Deno.writeTextFile(program, lines.join("\n") + "\n", { mode: 0o755 });
  const read = () => {
    try {
      return Deno.readTextFileSync(notes);
    } catch {
      return "";
    }
  };
  return { program, notes: read };
}

Deno.test("ShutdownWatch asks for time, holds the shutdown back until the pods have ended, and again when it was called off", async () => {
  const dir = await Deno.makeTempDir({ prefix: "islet-logind-" });
  const bus = new FakeBus(dir);
  const { program, notes } = await inhibitor(dir);
  const dropIn = join(dir, "logind.conf.d/99-islet.conf");
  const pods = Promise.withResolvers<void>();
  let begun = 0, canceled = 0;
  const watch = new ShutdownWatch({
    seconds: 40,
    log: silentLogger,
    busPath: bus.path,
    inhibit: program,
    dropIn,
    onShutdown: () => (begun++, pods.promise),
    onCanceled: () => void canceled++,
  });
  try {
    await watch.start();
    match(notes(), /^taken --what=shutdown --mode=delay --who=islet --why=.* cat\n$/);
    match(await Deno.readTextFile(dropIn), /^\[Login\]\nInhibitDelayMaxSec=40$/m);
    deepEqual(bus.calls.find(({ member }) => member === "KillUnit")?.body, ["systemd-logind.service", "main", 1]);
    match(String(bus.calls.find(({ member }) => member === "AddMatch")?.body), /member='PrepareForShutdown'/);

    await bus.signal(true);
    await until(() => begun === 1);
    ok(!notes().includes("given back"));
    pods.resolve();
    await until(() => notes().includes("given back"));

    await bus.signal(false);
    await until(() => notes().split("taken").length === 3);
    equal(canceled, 1);
  } finally {
    watch.stop();
    await until(() => notes().split("given back").length === notes().split("taken").length);
    bus.close();
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("ShutdownWatch leaves a logind alone that waits long enough", async () => {
  const dir = await Deno.makeTempDir({ prefix: "islet-logind-" });
  const bus = new FakeBus(dir);
  const { program, notes } = await inhibitor(dir);
  const common = { log: silentLogger, busPath: bus.path, inhibit: program, dropIn: join(dir, "x/y.conf") };
  const watch = new ShutdownWatch({ ...common, seconds: 5, onShutdown: async () => {}, onCanceled() {} });
  await watch.start();
  ok(!bus.calls.some(({ member }) => member === "KillUnit"));
  watch.stop();
  await until(() => notes().includes("given back"));
  bus.close();
  await Deno.remove(dir, { recursive: true });
});

Deno.test("ShutdownWatch where there is no bus says so and goes on trying until it is stopped", async () => {
  const watch = new ShutdownWatch({
    seconds: 5,
    log: silentLogger,
    busPath: "/nonexistent/bus",
    onShutdown: async () => {},
    onCanceled() {},
  });
  await watch.start();
  watch.stop();
});

Deno.test("machineIsStopping() believes systemctl, and a machine without it does not stop", async () => {
  const dir = await Deno.makeTempDir();
  for (const [word, expected] of [["stopping", true], ["degraded", false]] as const) {
    const program = join(dir, word);
    await Deno.writeTextFile(program, `#!/bin/sh\necho ${word}\nexit 1\n`, { mode: 0o755 });
    equal(await machineIsStopping(program), expected);
  }
  equal(await machineIsStopping("/nonexistent/systemctl"), false);
  await Deno.remove(dir, { recursive: true });
});
