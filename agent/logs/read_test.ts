import assert from "node:assert/strict";
import { join } from "node:path";
import fc from "fast-check";
import { ManualClock } from "../clock.ts";
import { type LogSource, logStream, readLog, type ReadOptions } from "./read.ts";
import { compress } from "./rotator.ts";

const decoder = new TextDecoder();

async function withLog(test: (path: string) => Promise<void>): Promise<void> {
  const directory = Deno.makeTempDirSync();
  try {
    await test(join(directory, "0.log"));
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

/** One log line; `P` in front of the text marks a part. */
function line(text: string, second = 0, stream = "stdout"): string {
  const partial = text.startsWith("P");
  const time = new Date(Date.UTC(2026, 0, 2) + second * 1000).toISOString();
  return `${time} ${stream} ${partial ? "P" : "F"} ${partial ? text.slice(1) : text}\n`;
}

const lines = (...texts: string[]) => texts.map((text, at) => line(text, at)).join("");
const append = (path: string, text: string) => Deno.writeTextFileSync(path, text, { append: true });

async function read(source: LogSource, options: ReadOptions = {}): Promise<string> {
  let text = "";
  for await (const bytes of readLog(source, options)) text += decoder.decode(bytes);
  return text;
}

/** A follower whose text can be waited for. */
function follow(source: LogSource, options: ReadOptions = {}, signal?: AbortSignal) {
  let text = "";
  let wake = () => {};
  const done = (async () => {
    for await (const bytes of readLog(source, { follow: true, ...options }, { signal })) {
      text += decoder.decode(bytes, { stream: true });
      wake();
    }
  })();
  const until = async (expected: string) => {
    while (text.length < expected.length) await new Promise<void>((resolve) => wake = resolve);
    assert.equal(text, expected);
  };
  return { until, done, text: () => text };
}

Deno.test("readLog() gives the whole log", () =>
  withLog(async (path) => {
    append(path, lines("one", "two", "Pth", "ree"));
    assert.equal(await read({ path }), "one\ntwo\nthree\n");
  }));

Deno.test("readLog() passes over lines that are no entries, and reads a last one without newline", () =>
  withLog(async (path) => {
    append(path, `rubbish\n${lines("one")}\0\0\0\n${line("two").trimEnd()}`);
    assert.equal(await read({ path }), "one\ntwo\n");
  }));

Deno.test("readLog() of a log that does not exist is an error when it is not followed", () =>
  withLog(async (path) => {
    await assert.rejects(read({ path }), Deno.errors.NotFound);
  }));

const tails: { name: string; text: string; options: ReadOptions; expected: string }[] = [
  { name: "none", text: lines("a", "b"), options: { tailLines: 0 }, expected: "" },
  { name: "one", text: lines("a", "b"), options: { tailLines: 1 }, expected: "b\n" },
  { name: "all", text: lines("a", "b"), options: { tailLines: 2 }, expected: "a\nb\n" },
  { name: "more than there are", text: lines("a", "b"), options: { tailLines: 9 }, expected: "a\nb\n" },
  { name: "of an empty log", text: "", options: { tailLines: 9 }, expected: "" },
  {
    name: "one that has parts, whole",
    text: lines("a", "Pb", "Pc", "d", "Pe", "f"),
    options: { tailLines: 2 },
    expected: "bcd\nef\n",
  },
  { name: "one that is unfinished", text: lines("a", "b", "Pc", "Pd"), options: { tailLines: 2 }, expected: "b\ncd" },
  {
    name: "of one stream",
    text: line("a") + line("b", 0, "stderr") + line("c") + line("d", 0, "stderr") + line("e"),
    options: { tailLines: 2, stream: "stdout" },
    expected: "c\ne\n",
  },
  {
    name: "and a limit in bytes",
    text: lines("aa", "bb", "cc"),
    options: { tailLines: 2, limitBytes: 4 },
    expected: "bb\nc",
  },
  {
    name: "and a time",
    text: lines("a", "b", "c"),
    options: { tailLines: 2, sinceTime: Date.UTC(2026, 0, 2, 0, 0, 2) },
    expected: "c\n",
  },
];

for (const { name, text, options, expected } of tails) {
  Deno.test(`readLog() gives the last lines: ${name}`, () =>
    withLog(async (path) => {
      append(path, text);
      assert.equal(await read({ path }, options), expected);
    }));
}

Deno.test("readLog() finds the last lines of any log, also across blocks and rotated files", () =>
  withLog(async (path) => {
    const texts = fc.array(fc.tuple(fc.boolean(), fc.constantFrom(0, 1, 40_000)), { maxLength: 8 });
    let checked = 0;
    await fc.assert(
      fc.asyncProperty(texts, texts, texts, fc.nat(10), async (first, second, third, wanted) => {
        for (const entry of Deno.readDirSync(join(path, ".."))) Deno.removeSync(join(path, "..", entry.name));
        let count = 0;
        // Whole lines and parts of every length, numbered so that none is like another.
        const make = (list: [boolean, number][]) =>
          list.map(([partial, size]) => line(`${partial ? "P" : ""}${count++}${"x".repeat(size)}`)).join("");
        const files = [make(first), make(second), make(third)];
        Deno.writeTextFileSync(`${path}.20260101-000000`, files[0]);
        await compress(`${path}.20260101-000000`);
        Deno.writeTextFileSync(`${path}.20260101-000001`, files[1]);
        Deno.writeTextFileSync(path, files[2]);

        const all = await read({ path }, { history: true });
        const whole = all.split("\n");
        const unfinished = whole.pop()!;
        if (unfinished) whole.push(unfinished);
        const last = wanted === 0 ? [] : whole.slice(-wanted);
        const expected = last.map((each, at) => each + (unfinished && at === last.length - 1 ? "" : "\n")).join("");
        assert.equal(await read({ path }, { history: true, tailLines: wanted }), expected);
        checked++;
      }),
      { numRuns: 60 },
    );
    assert.ok(checked >= 60);
  }));

Deno.test("readLog() is the current file alone unless the history is asked for", () =>
  withLog(async (path) => {
    append(`${path}.20260101-000000`, lines("old"));
    append(`${path}.20260101-000001`, lines("newer"));
    append(`${path}.20260101-000001.tmp`, "half");
    append(path, lines("now"));
    await compress(`${path}.20260101-000000`);
    assert.equal(await read({ path }), "now\n");
    assert.equal(await read({ path }, { tailLines: 5 }), "now\n");
    assert.equal(await read({ path }, { history: true }), "old\nnewer\nnow\n");
    assert.equal(await read({ path }, { history: true, tailLines: 2 }), "newer\nnow\n");
  }));

Deno.test("readLog() counts sinceSeconds from now, and sinceTime wins over it", () =>
  withLog(async (path) => {
    const clock = new ManualClock(Date.UTC(2026, 0, 2, 0, 0, 10));
    append(path, lines("0", "1", "2", "3"));
    const since = async (options: ReadOptions) => {
      let text = "";
      for await (const bytes of readLog({ path }, options, { clock })) text += decoder.decode(bytes);
      return text;
    };
    assert.equal(await since({ sinceSeconds: 8 }), "2\n3\n");
    assert.equal(await since({ sinceSeconds: 8, sinceTime: Date.UTC(2026, 0, 2, 0, 0, 3) }), "3\n");
  }));

Deno.test("readLog() follows: what is there, what comes, and the end of the container", () =>
  withLog(async (path) => {
    append(path, lines("one", "two"));
    const ended = new AbortController();
    const follower = follow({ path, ended: ended.signal }, { tailLines: 1 });
    await follower.until("two\n");
    append(path, line("three"));
    await follower.until("two\nthree\n");
    const [head, tail] = [line("four").slice(0, 30), line("four").slice(30)];
    append(path, head);
    append(path, tail);
    await follower.until("two\nthree\nfour\n");
    append(path, line("five"));
    ended.abort();
    await follower.done;
    assert.equal(follower.text(), "two\nthree\nfour\nfive\n");
  }));

Deno.test("readLog() waits for a log that the runtime has not made yet", () =>
  withLog(async (path) => {
    const ended = new AbortController();
    const follower = follow({ path, ended: ended.signal });
    append(path, line("hello"));
    await follower.until("hello\n");
    ended.abort();
    await follower.done;
  }));

Deno.test("readLog() that follows a container that ended without a word ends", () =>
  withLog(async (path) => {
    const follower = follow({ path, ended: AbortSignal.abort() });
    await follower.done;
    assert.equal(follower.text(), "");
  }));

Deno.test("readLog() follows across rotations and loses nothing, not even the old file's last lines", () =>
  withLog(async (path) => {
    append(path, line("0"));
    const ended = new AbortController();
    const follower = follow({ path, ended: ended.signal });
    let expected = "0\n";
    await follower.until(expected);
    for (let round = 1; round <= 3; round++) {
      // The runtime's descriptor stays with the renamed file until it reopens.
      const old = Deno.openSync(path, { append: true });
      Deno.renameSync(path, `${path}.20260101-00000${round}`);
      old.writeSync(new TextEncoder().encode(line(`late ${round}`)));
      append(path, line(`new ${round}`));
      old.close();
      expected += `late ${round}\nnew ${round}\n`;
      await follower.until(expected);
    }
    ended.abort();
    await follower.done;
    assert.equal(follower.text(), expected);
  }));

Deno.test("readLog() that was slow catches up with a file rotated away meanwhile", () =>
  withLog(async (path) => {
    append(path, line("a"));
    const ended = new AbortController();
    const reading = readLog({ path, ended: ended.signal }, { follow: true });
    assert.equal(decoder.decode((await reading.next()).value!), "a\n");
    // Nobody reads while two rotations pass.
    Deno.renameSync(path, `${path}.20260101-000001`);
    append(path, line("b"));
    Deno.renameSync(path, `${path}.20260101-000002`);
    append(path, line("c"));
    ended.abort();
    let rest = "";
    for await (const bytes of reading) rest += decoder.decode(bytes);
    assert.equal(rest, "b\nc\n");
  }));

Deno.test("readLog() stops at its limit in bytes though it follows", () =>
  withLog(async (path) => {
    append(path, lines("abc"));
    const follower = follow({ path }, { limitBytes: 6 });
    await follower.until("abc\n");
    append(path, line("defghi"));
    await follower.done;
    assert.equal(follower.text(), "abc\nde");
  }));

Deno.test("readLog() ends without an error when its signal aborts", () =>
  withLog(async (path) => {
    append(path, lines("abc"));
    const stop = new AbortController();
    const follower = follow({ path }, {}, stop.signal);
    await follower.until("abc\n");
    stop.abort();
    await follower.done;
  }));

Deno.test("logStream() is the same as a stream, and cancelling it ends the reading", () =>
  withLog(async (path) => {
    append(path, lines("one", "two"));
    assert.equal(await new Response(logStream({ path })).text(), "one\ntwo\n");
    const reader = logStream({ path }, { follow: true }).getReader();
    assert.equal(decoder.decode((await reader.read()).value), "one\ntwo\n");
    const waiting = reader.read();
    await reader.cancel();
    assert.equal((await waiting).done, true);
  }));

Deno.test("logStream() fails with what reading fails with", () =>
  withLog(async (path) => {
    await assert.rejects(new Response(logStream({ path })).text(), Deno.errors.NotFound);
  }));
