/**
 * The page for people at `/`: one file, nothing from elsewhere. It is shown to everybody and holds nothing; what it shows
 * it asks of the API as whoever has signed in.
 */
import { createHash } from "node:crypto";
import type { Handler } from "hono";
import page from "./page.html" with { type: "text" };

/** Only what the page itself holds may run, and only this node is asked. */
function policy(): string {
  const hash = (tag: string) => {
    const [, text] = new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`).exec(page)!;
    return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
  };
  return [
    "default-src 'none'",
    `script-src ${hash("script")}`,
    "style-src 'unsafe-inline'",
    "img-src data:",
    "connect-src 'self'",
    "form-action 'none'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
}

export function showPage(): Handler {
  return (c) => {
    c.header("content-security-policy", policy());
    c.header("cache-control", "no-cache");
    c.header("referrer-policy", "no-referrer");
    c.header("x-content-type-options", "nosniff");
    return c.html(page);
  };
}
