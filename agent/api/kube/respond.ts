/** Answers: JSON, or YAML for who asks for it; indented for people. */
import type { Context } from "hono";
import { answerBody } from "./json.ts";
import type { Form } from "./negotiate.ts";
import { queryFlag } from "./options.ts";

/** Whether JSON is to be read by a person: asked for, or by a program that people look through. */
function pretty(c: Context): boolean {
  const { url } = c.req;
  // a URL is taken apart only where it may say so
  const asked = url.includes("pretty") ? queryFlag(new URL(url).searchParams, "pretty") : undefined;
  return asked ?? /^(curl|Wget|Mozilla\/5\.0)/.test(c.req.header("user-agent") ?? "");
}

const noStore = "no-cache, private";

/** `Warning: 299 - "text"`, as RFC 7234 has it. */
export function warningHeader(text: string): string {
  // deno-lint-ignore no-control-regex
  const plain = text.replace(/[\x00-\x1f\x7f]+/g, " ").replace(/[^\x20-\x7e]/g, "?").replace(/([\\"])/g, "\\$1");
  return `299 - "${plain}"`;
}

/** Clients take heads of a limited size: of many or long warnings the beginnings, as far as there is room. */
const mostText = 4096;
const longestText = 256;

function shortened(warnings: ReadonlySet<string>): string[] {
  const all = [...warnings];
  if (all.reduce((sum, { length }) => sum + length, 0) <= mostText) return all;
  return all.map((text) => text.slice(0, longestText)).slice(0, mostText / longestText);
}

export async function respond(
  c: Context,
  { media }: Pick<Form, "media">,
  value: object,
  code = 200,
  warnings: readonly string[] = [],
): Promise<Response> {
  const headers: [string, string][] = [["content-type", media], ["cache-control", noStore]];
  for (const text of shortened(new Set(warnings))) headers.push(["warning", warningHeader(text)]);
  if (media === "application/yaml") {
    const { stringify } = await import("../../objects/yaml_text.ts");
    const body = stringify(JSON.parse(JSON.stringify(value)), { aliasDuplicateObjects: false, lineWidth: 0 });
    return new Response(body, { status: code, headers });
  }
  if (pretty(c)) return new Response(JSON.stringify(value, null, 2) + "\n", { status: code, headers });
  const { body, length } = answerBody(value);
  headers.push(["content-length", String(length)]);
  return new Response(body, { status: code, headers });
}
