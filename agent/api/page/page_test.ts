import { equal, match, ok } from "node:assert/strict";
import { createHash } from "node:crypto";
import { Hono } from "hono";
import { showPage } from "./mod.ts";

async function page() {
  const app = new Hono();
  app.get("/", showPage());
  const answer = await app.request("/");
  return { answer, text: await answer.text() };
}

Deno.test("the page needs nothing from elsewhere", async () => {
  const { answer, text } = await page();
  equal(answer.headers.get("content-type"), "text/html; charset=UTF-8");
  const elsewhere = [...text.matchAll(/(?:src|href|url)\s*[=(]\s*["']?(https?:|\/\/)[^"')\s]+/g)].map(([all]) => all);
  equal(elsewhere.join(), "");
  match(text, /<title>islet<\/title>/);
});

Deno.test("the page's policy allows its own script and nobody else's", async () => {
  const { answer, text } = await page();
  const policy = answer.headers.get("content-security-policy")!;
  const [, script] = /<script>([\s\S]*?)<\/script>/.exec(text)!;
  ok(script.length > 1000);
  ok(policy.includes(`script-src 'sha256-${createHash("sha256").update(script).digest("base64")}'`));
  match(policy, /default-src 'none'/);
  match(policy, /frame-ancestors 'none'/);
});

Deno.test("the page never writes markup from data", async () => {
  const { text } = await page();
  equal(/innerHTML|outerHTML|insertAdjacentHTML|document\.write\(|eval\(|new Function/.exec(text)?.[0], undefined);
});

Deno.test("a token may be pasted with its quotes or as the whole line of a kubeconfig", async () => {
  const { text } = await page();
  const [, source] = /const bareToken = (.*);\n/.exec(text)!;
  const bareToken = new Function(`return ${source}`)() as (pasted: string) => string;
  for (const pasted of ["a.b-c", ' "a.b-c"\n', '    token: "a.b-c"', "token: a.b-c", "token: 'a.b-c'"]) {
    equal(bareToken(pasted), "a.b-c", pasted);
  }
});
