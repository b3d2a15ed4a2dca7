import assert from "node:assert/strict";
import { describeVerb, type Flag, numberFlag, parseArguments } from "./arguments.ts";
import { UsageError } from "./usage.ts";

const flags: readonly Flag[] = [
  { name: "stdin", short: "i", help: "input" },
  { name: "tty", short: "t", help: "terminal" },
  { name: "container", short: "c", value: "NAME", help: "which" },
  { name: "output", short: "o", value: "FORMAT", help: "form", oneOf: ["wide", "json"] },
  { name: "tail", value: "LINES", help: "how many" },
];

const cases: [args: string, is: Record<string, string | undefined>, words: string[], rest?: string[]][] = [
  ["", {}, []],
  ["a b", {}, ["a", "b"]],
  ["-it a", { stdin: "true", tty: "true" }, ["a"]],
  ["a -i -t", { stdin: "true", tty: "true" }, ["a"]],
  ["--stdin=false", { stdin: "false" }, []],
  ["-i=false", { stdin: "false" }, []],
  ["-c web a", { container: "web" }, ["a"]],
  ["-cweb", { container: "web" }, []],
  ["-c=web", { container: "web" }, []],
  ["-itc web", { stdin: "true", tty: "true", container: "web" }, []],
  ["--container web", { container: "web" }, []],
  ["--container=a=b", { container: "a=b" }, []],
  ["--container=", { container: "" }, []],
  ["-c a -c b", { container: "b" }, []],
  ["--tail -1 x", { tail: "-1" }, ["x"]],
  ["-ojson", { output: "json" }, []],
  ["-", {}, ["-"]],
  ["a -- ls -l --x", {}, ["a"], ["ls", "-l", "--x"]],
  ["a --", {}, ["a"], []],
];
for (const [args, values, words, rest] of cases) {
  Deno.test(`parseArguments() reads ${JSON.stringify(args)}`, () => {
    const parsed = parseArguments(args.split(" ").filter((word) => word !== ""), flags);
    for (const { name } of flags) assert.equal(parsed.get(name), values[name], name);
    assert.deepEqual(parsed.words, words);
    assert.deepEqual(parsed.rest, rest);
    assert.equal(parsed.help, false);
  });
}

const wrong: [args: string, message: RegExp][] = [
  ["--contaner x", /unknown flag: --contaner \(did you mean --container\?\)/],
  ["--zzzzzz", /^unknown flag: --zzzzzz$/],
  ["-x", /^unknown flag: -x$/],
  ["-ix", /^unknown flag: -x in -ix$/],
  ["-c", /flag needs an argument: -c NAME/],
  ["--tail", /flag needs an argument: --tail LINES/],
  ["-o yml", /invalid value "yml" for -o: it is one of wide, json/],
  ["--stdin=maybe", /invalid value "maybe" for --stdin: it is true or false/],
  ["-x --output=a", /-x\ninvalid value "a" for --output/],
];
for (const [args, message] of wrong) {
  Deno.test(`parseArguments() refuses ${JSON.stringify(args)}`, () => {
    assert.throws(() => parseArguments(args.split(" "), flags), (err) => {
      assert.ok(err instanceof UsageError);
      assert.match(err.message, message);
      return true;
    });
  });
}

Deno.test("help is given even where something else is wrong", () => {
  assert.equal(parseArguments(["--nonsense", "--help"], flags).help, true);
  assert.equal(parseArguments(["-h"], flags).help, true);
});

Deno.test("the help names every flag with its short form and its values", () => {
  const text = describeVerb("exec POD", "Runs.", flags);
  assert.match(text, /Usage: islet exec POD/);
  assert.match(text, /-i, --stdin +input/);
  assert.match(text, /-o, --output FORMAT +form: wide, json/);
  assert.match(text, / {4}--tail LINES/);
});

Deno.test("numberFlag() takes whole numbers from a least one on", () => {
  const args = (value: string) => parseArguments(["--tail", value], flags);
  assert.equal(numberFlag(args("-1"), "tail", -1), -1);
  assert.equal(numberFlag(parseArguments([], flags), "tail", 0), undefined);
  for (const value of ["-2", "1.5", "x", "", "1e400"]) {
    assert.throws(() => numberFlag(args(value), "tail", -1), UsageError, value);
  }
});
