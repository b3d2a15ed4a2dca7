import { deepEqual, equal, ok } from "node:assert/strict";
import { loadLibc } from "../linux/mod.ts";
import { createLogger } from "../telemetry/log.ts";
import { fieldName, journalEntry, journalSink, logsToJournal } from "./journal.ts";
import { datagrams } from "./testing.ts";

loadLibc();

Deno.test("a logger with the journal's sink sends message, priority and each field", async () => {
  await using heard = await datagrams();
  const log = createLogger({ sink: journalSink(heard.path) }).with({ pod: "default/web" });
  log.warn("Cannot start", { err: new Error("refused"), restarts: 2, nothing: undefined });
  equal(
    await heard.next(),
    "MESSAGE=Cannot start pod=default/web restarts=2 err=refused\nPRIORITY=4\nSYSLOG_IDENTIFIER=islet\n" +
      "ISLET_POD=default/web\nISLET_RESTARTS=2\nISLET_ERR=refused\n",
  );
});

Deno.test("journalEntry() writes values of several lines with their length", () => {
  const bytes = journalEntry({ level: "info", msg: "x", fields: { text: "a\nb" } });
  const tail = bytes.slice(-("ISLET_TEXT\n".length + 8 + 4));
  deepEqual([...tail.slice(-12)], [3, 0, 0, 0, 0, 0, 0, 0, 97, 10, 98, 10]);
});

Deno.test("fieldName() makes what the journal takes", () => {
  equal(fieldName("hostIP"), "ISLET_HOST_IP");
  equal(fieldName("a.b-c"), "ISLET_A_B_C");
});

Deno.test("what the journal does not take goes to standard error with its priority in front", () => {
  const said: string[] = [];
  const sink = journalSink("/nonexistent/journal", (text) => void said.push(new TextDecoder().decode(text)));
  sink({ level: "error", msg: "a\nb", fields: {} });
  deepEqual(said, ["<3>a b\n"]);
});

Deno.test("logsToJournal() believes JOURNAL_STREAM only where it names standard error", async () => {
  const file = await Deno.makeTempFile();
  const { dev, ino } = await Deno.stat(file);
  ok(logsToJournal(`${dev}:${ino}`, file));
  ok(!logsToJournal(`${dev}:${ino! + 1}`, file));
  ok(!logsToJournal(undefined, file));
  await Deno.remove(file);
});
