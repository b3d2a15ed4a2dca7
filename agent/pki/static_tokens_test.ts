import { deepEqual, equal, match, notEqual, ok } from "node:assert/strict";
import { silentLogger } from "../telemetry/log.ts";
import { StaticTokens } from "./static_tokens.ts";
import { inDirectory, listeningLogger } from "./testing.ts";

const now = Date.UTC(2026, 5, 1);

Deno.test("the administrator's token is made once and stays", () =>
  inDirectory(async (dir) => {
    const first = await StaticTokens.open(dir, silentLogger);
    match(first.admin, /^[A-Za-z0-9_-]{43}$/);
    const second = await StaticTokens.open(dir, silentLogger);
    equal(second.admin, first.admin);
    deepEqual(await second.holder(first.admin, now), { name: "system:admin", groups: ["system:masters"] });
    equal(Deno.statSync(`${dir}/admin.token`).mode! & 0o777, 0o600);
  }));

Deno.test("what is no token of anybody's is nobody's", () =>
  inDirectory(async (dir) => {
    const tokens = await StaticTokens.open(dir, silentLogger);
    for (const wrong of ["", "x", tokens.admin.slice(1), tokens.admin + "A", tokens.admin.toLowerCase()]) {
      equal(await tokens.holder(wrong, now), undefined);
    }
  }));

Deno.test("tokens that are given out hold until they end or are taken back, across restarts", () =>
  inDirectory(async (dir) => {
    const first = await StaticTokens.open(dir, silentLogger);
    const jane = await first.add({ name: "jane", groups: ["dev"], expires: "2026-06-02T00:00:00Z" }, now);
    const joe = await first.add({ name: "joe", groups: [] }, now);
    notEqual(jane, joe);
    const tokens = await StaticTokens.open(dir, silentLogger);
    deepEqual(tokens.holders(), [
      { name: "jane", groups: ["dev"], expires: "2026-06-02T00:00:00Z" },
      { name: "joe", groups: [] },
    ]);
    equal((await tokens.holder(jane, now))?.name, "jane");
    equal(await tokens.holder(jane, Date.UTC(2026, 5, 2)), undefined);
    equal((await tokens.holder(joe, Date.UTC(2099, 0, 1)))?.name, "joe");
    equal(tokens.remove("joe"), true);
    equal(tokens.remove("joe"), false);
    equal(await tokens.holder(joe, now), undefined);
    equal((await StaticTokens.open(dir, silentLogger)).holders().length, 1);
  }));

Deno.test("a name has one token: the last", () =>
  inDirectory(async (dir) => {
    const tokens = await StaticTokens.open(dir, silentLogger);
    const old = await tokens.add({ name: "jane", groups: [] }, now);
    const fresh = await tokens.add({ name: "jane", groups: ["dev"] }, now);
    equal(await tokens.holder(old, now), undefined);
    deepEqual((await tokens.holder(fresh, now))?.groups, ["dev"]);
    equal(tokens.holders().length, 1);
  }));

Deno.test("what has ended is forgotten when the next is given out", () =>
  inDirectory(async (dir) => {
    const tokens = await StaticTokens.open(dir, silentLogger);
    await tokens.add({ name: "old", groups: [], expires: "2026-01-01T00:00:00Z" }, Date.UTC(2025, 0, 1));
    await tokens.add({ name: "new", groups: [] }, now);
    deepEqual(tokens.holders().map(({ name }) => name), ["new"]);
  }));

Deno.test("no token of theirs is on disk, nor in the log", () =>
  inDirectory(async (dir) => {
    const { log, lines } = listeningLogger();
    const tokens = await StaticTokens.open(dir, log);
    const jane = await tokens.add({ name: "jane", groups: [] }, now);
    ok(!Deno.readTextFileSync(`${dir}/tokens.json`).includes(jane));
    Deno.writeTextFileSync(`${dir}/admin.token`, "damaged secret");
    const again = await StaticTokens.open(dir, log);
    notEqual(again.admin, tokens.admin);
    ok(lines.length > 0);
    for (const secret of [jane, tokens.admin, again.admin, "damaged secret"]) {
      ok(!lines.join("\n").includes(secret));
    }
  }));

for (const [what, text] of Object.entries({ "no JSON": "{", "no list": "{}", "other things": '[{"name":1}]' })) {
  Deno.test(`a list of tokens that holds ${what} is set aside, and that is said`, () =>
    inDirectory(async (dir) => {
      Deno.writeTextFileSync(`${dir}/tokens.json`, text);
      const { log, lines } = listeningLogger();
      const tokens = await StaticTokens.open(dir, log);
      deepEqual(tokens.holders(), []);
      match(lines.join("\n"), /list of tokens is damaged/);
      equal(Deno.readTextFileSync(`${dir}/tokens.json.damaged`), text);
      await tokens.add({ name: "jane", groups: [] }, now);
    }));
}
