/** How many watches may be open at once: each holds a connection and a place in a queue. */
import type { MiddlewareHandler } from "hono";
import type { AppEnv } from "../request.ts";
import { ApiError } from "../status.ts";

/** Half of the connections that a door takes: whoever watches leaves room for those who ask. */
export const mostWatches = 512;

/** Refuses watches beyond `most` with a 429 that says when to come again. Comes after auth/, which knows the verb. */
export function limitWatches(most = mostWatches): MiddlewareHandler<AppEnv> {
  let open = 0;
  return async (c, next) => {
    const onEnd = c.env?.onEnd;
    if (c.get("info")?.verb !== "watch" || !onEnd) return await next();
    if (open >= most) {
      throw new ApiError(
        429,
        "TooManyRequests",
        `Too many requests, please try again later: ${most} watches are open`,
        { retryAfterSeconds: 1 },
      );
    }
    open++;
    onEnd(() => void open--);
    await next();
  };
}
