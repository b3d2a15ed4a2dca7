import { deepEqual } from "node:assert/strict";
import { Hono } from "hono";
import { auth } from "../auth/mod.ts";
import type { AppEnv, RequestEnv } from "../request.ts";
import { statusOf } from "../status.ts";
import { limitWatches } from "./watch_limit.ts";

Deno.test("watches beyond the limit are told to come again, and find room when others have ended", async () => {
  const app = new Hono<AppEnv>();
  app.use(auth(undefined), limitWatches(2));
  app.get("*", (c) => c.text("ok"));
  app.onError((err, c) => c.json(statusOf(err), statusOf(err).code as 500));
  const ends: (() => void)[] = [];
  const ask = async (path: string) => {
    const env: RequestEnv = { door: "socket", onEnd: (ended) => void ends.push(ended) };
    return (await app.request(path, {}, env)).status;
  };
  const watch = "/api/v1/pods?watch=true";
  deepEqual([await ask(watch), await ask(watch), await ask(watch)], [200, 200, 429]);
  deepEqual([await ask("/api/v1/pods"), await ask("/healthz")], [200, 200], "others are not watches");
  ends[0]();
  deepEqual([await ask(watch), await ask(watch)], [200, 429]);
});
