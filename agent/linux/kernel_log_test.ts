import { deepEqual, match, ok, throws } from "node:assert/strict";
import { KernelLog, type KernelLogOptions, type KernelMessage, kernelMessages } from "./kernel_log.ts";
import { loadLibc } from "./libc.ts";
import { loadPoll } from "./poll.ts";

loadLibc();
loadPoll();

Deno.test("kernelMessages() takes records apart, whoever wrote them, and leaves out details", () => {
  deepEqual(
    kernelMessages(
      "6,28365,33843828931,-;total_swap 0\n SUBSYSTEM=memory\n14,28366,33843828932,c;a program; says\n4,1,2,-,caller=T1;x\n",
    ),
    [{ facility: 0, text: "total_swap 0" }, { facility: 1, text: "a program; says" }, { facility: 0, text: "x" }],
  );
  deepEqual(kernelMessages("nonsense\n;\n"), []);
});

/** A log that a test reads, and waits for. */
function reading(options: Partial<KernelLogOptions>) {
  const heard: KernelMessage[] = [];
  const ended = Promise.withResolvers<unknown>();
  let next = Promise.withResolvers<void>();
  const log = new KernelLog({
    restMs: 1,
    onMessage(message) {
      heard.push(message);
      next.resolve();
      next = Promise.withResolvers();
    },
    onEnd: ended.resolve,
    ...options,
  });
  return {
    log,
    heard,
    ended: ended.promise,
    async hear(text: string) {
      while (!heard.some((each) => each.text.includes(text))) await next.promise;
    },
  };
}

/** In a container there may be none. */
const ignore = (() => {
  try {
    Deno.openSync("/dev/kmsg", { write: true }).close();
    return false;
  } catch {
    return true;
  }
})();

Deno.test(
  "KernelLog tells what this machine's kernel log gets, and nothing that was there before",
  { ignore },
  async () => {
    const before = `islet-test-${crypto.randomUUID()}`, after = `islet-test-${crypto.randomUUID()}`;
    Deno.writeTextFileSync("/dev/kmsg", `<14>${before}\n`);
    const { log, heard, hear } = reading({});
    Deno.writeTextFileSync("/dev/kmsg", `<6>${after}\n`);
    await hear(after);
    await log.stop();
    ok(!heard.some(({ text }) => text.includes(before)));
    // nobody but the kernel is the kernel, whatever he says
    ok(heard.find(({ text }) => text.includes(after))!.facility !== 0);
  },
);

Deno.test("KernelLog reads on as records come, until it is stopped", async () => {
  const path = await Deno.makeTempDir();
  const file = `${path}/kmsg`;
  await new Deno.Command("mkfifo", { args: [file] }).output();
  try {
    const { log, heard, hear } = reading({ path: file });
    using pipe = Deno.openSync(file, { write: true });
    const write = (text: string) => pipe.writeSync(new TextEncoder().encode(text));
    write("4,1,1,-;one\n4,2,1,-;two\n");
    await hear("two");
    write("4,3,1,-;three\n");
    await hear("three");
    await log.stop();
    deepEqual(heard.map(({ text }) => text), ["one", "two", "three"]);
  } finally {
    await Deno.remove(path, { recursive: true });
  }
});

Deno.test("KernelLog says so when there is no more to read, or never was", async () => {
  const path = await Deno.makeTempFile();
  try {
    const { log, ended } = reading({ path });
    match(String(await ended), /it has ended/);
    await log.stop();
  } finally {
    await Deno.remove(path);
  }
  throws(() => reading({ path: "/no/such/log" }), { code: "ENOENT" });
});
