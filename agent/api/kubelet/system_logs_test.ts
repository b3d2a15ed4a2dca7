import assert from "node:assert/strict";
import { join } from "node:path";
import { loadLibc } from "../../linux/mod.ts";
import { testKubelet } from "./testing.ts";

loadLibc();

/** A log directory, pods' logs elsewhere, and a file that is nobody's business. */
function place() {
  const dir = Deno.makeTempDirSync();
  const [logs, pods, secret] = ["log", "pods", "secret"].map((name) => join(dir, name));
  Deno.mkdirSync(join(logs, "sub/deep"), { recursive: true });
  Deno.mkdirSync(join(pods, "default_web_1"), { recursive: true });
  Deno.writeTextFileSync(join(logs, "syslog"), "0123456789");
  Deno.writeTextFileSync(join(logs, "sub/a b?.log"), "text\n");
  Deno.writeTextFileSync(join(logs, "a<b>&c"), "odd\n");
  Deno.writeFileSync(join(logs, "wtmp"), new Uint8Array([0, 1, 2]));
  Deno.writeTextFileSync(join(pods, "default_web_1/0.log"), "from a pod\n");
  Deno.writeTextFileSync(secret, "secret");
  const { app } = testKubelet({ systemLogDir: logs, config: { podLogsDir: pods } });
  return {
    logs,
    secret,
    get: (path: string, headers: Record<string, string> = {}) => app.request(`/logs/${path}`, { headers }),
    [Symbol.dispose]: () => Deno.removeSync(dir, { recursive: true }),
  };
}

Deno.test("a directory is listed with links that lead on, its directories marked, names escaped", async () => {
  using here = place();
  const page = await (await here.get("")).text();
  assert.equal(
    page,
    '<!doctype html>\n<meta name="viewport" content="width=device-width">\n<pre>\n' +
      '<a href="a%3Cb%3E&amp;c">a&lt;b&gt;&amp;c</a>\n<a href="pods/">pods/</a>\n<a href="sub/">sub/</a>\n' +
      '<a href="syslog">syslog</a>\n<a href="wtmp">wtmp</a>\n</pre>\n',
  );
  const sub = await (await here.get("sub/")).text();
  assert.match(sub, /<a href="a%20b%3F\.log">a b\?\.log<\/a>\n<a href="deep\/">/);
  assert.equal(await (await here.get("sub/a%20b%3F.log")).text(), "text\n");
});

Deno.test("whatever somebody has written into a log, it runs nothing in a browser", async () => {
  using here = place();
  Deno.writeTextFileSync(join(here.logs, "x.html"), "<script>alert(1)</script>");
  for (const path of ["", "x.html", "syslog"]) {
    const { headers, body } = await here.get(path);
    assert.equal(headers.get("content-security-policy"), "sandbox; default-src 'none'", path);
    assert.equal(headers.get("x-content-type-options"), "nosniff", path);
    await body!.cancel();
  }
});

Deno.test("a file is given whole or in part, with its type, length and time", async () => {
  using here = place();
  const whole = await here.get("syslog");
  assert.equal(await whole.text(), "0123456789");
  assert.equal(whole.headers.get("content-type"), "text/plain; charset=utf-8");
  assert.equal(whole.headers.get("content-length"), "10");
  const part = await here.get("syslog", { range: "bytes=2-4" });
  assert.deepEqual([part.status, await part.text()], [206, "234"]);
  assert.equal(part.headers.get("content-range"), "bytes 2-4/10");
  const beyond = await here.get("syslog", { range: "bytes=10-" });
  assert.deepEqual([beyond.status, await beyond.text()], [416, "invalid range: failed to overlap\n"]);
  assert.equal(beyond.headers.get("content-range"), "bytes */10");
  const known = await here.get("syslog", { "if-modified-since": whole.headers.get("last-modified")! });
  assert.equal(known.status, 304);
  const binary = await here.get("wtmp");
  assert.equal(binary.headers.get("content-type"), "application/octet-stream");
  await binary.body!.cancel();
});

Deno.test("pods' logs are at their usual place, wherever they lie", async () => {
  using here = place();
  assert.match(await (await here.get("pods/")).text(), /default_web_1\//);
  assert.equal(await (await here.get("pods/default_web_1/0.log")).text(), "from a pod\n");
});

Deno.test("a slash is put where a directory needs it, and taken from a file", async () => {
  using here = place();
  const sub = await here.get("sub");
  assert.deepEqual([sub.status, sub.headers.get("location")], [301, "sub/"]);
  const file = await here.get("syslog/");
  assert.deepEqual([file.status, file.headers.get("location")], [301, "../syslog"]);
});

Deno.test("links are followed inside the directory, and never out of it", async () => {
  using here = place();
  Deno.symlinkSync("../syslog", join(here.logs, "sub/inside"));
  Deno.symlinkSync(join(here.logs, "syslog"), join(here.logs, "sub/absolute"));
  Deno.symlinkSync(here.secret, join(here.logs, "outside"));
  Deno.symlinkSync("../..", join(here.logs, "sub/up"));
  assert.equal(await (await here.get("sub/inside")).text(), "0123456789");
  assert.equal(await (await here.get("sub/absolute")).text(), "0123456789");
  for (const path of ["outside", "sub/up/", "sub/up/secret"]) {
    const response = await here.get(path);
    assert.deepEqual([response.status, await response.text()], [403, "403 Forbidden\n"], path);
  }
});

Deno.test("a path that climbs, or is no path, is refused", async () => {
  using here = place();
  for (const path of ["..%2Fsecret", "sub/..%2f..%2fsecret", "%2e%2e/secret", "a%00b", "%ff"]) {
    const { status } = await here.get(path);
    assert.ok(status === 400 || status === 404, `${path}: ${status}`);
  }
  assert.equal((await here.get("nope")).status, 404);
  assert.equal((await here.get("syslog/nope")).status, 404);
  assert.equal((await here.get("x".repeat(5000))).status, 404);
});

Deno.test("what is no file and no directory is not opened", async () => {
  using here = place();
  const made = new Deno.Command("mkfifo", { args: [join(here.logs, "pipe")] }).outputSync();
  assert.ok(made.success);
  assert.equal((await here.get("pipe")).status, 403);
});
