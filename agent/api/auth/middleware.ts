/** Between a door and the routes: who asks, what for, and whether they may. */
import type { MiddlewareHandler } from "hono";
import { type AppEnv, requestInfo } from "../request.ts";
import { authenticate, type AuthenticatorDeps, unauthorized } from "./authenticate.ts";
import { type Authorizer } from "./authorize.ts";
import { anonymous, masters, socketUser } from "./groups.ts";
import { forbidden } from "./forbidden.ts";
import { impersonate } from "./impersonate.ts";

export interface AuthDeps extends AuthenticatorDeps {
  authorizer: Authorizer;
}

/** Paths that need no credentials. */
const open = /^\/(healthz|livez|readyz)(\/|$)|^\/version\/?$/;

/**
 * Sets `env.user` and `info` for all that follows. Without `deps` only the socket is open, whose users may all.
 */
export function auth(deps: AuthDeps | undefined): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const url = new URL(c.req.url);
    const info = requestInfo(c.req.method, url.pathname, url.searchParams);
    c.set("info", info);
    // a test's `app.request()` comes through no door: it is the socket's
    const env = c.env ??= { door: "socket" };
    env.door ??= "socket";
    if (!deps) {
      if (env.door !== "socket") throw unauthorized();
      env.user = socketUser;
      return await next();
    }
    const user = await authenticate(c.req.raw, env, deps);
    env.user = impersonate(user, c.req.raw.headers, deps.authorizer);
    if (env.user === anonymous) {
      if (!open.test(info.path) || info.isResource) throw unauthorized();
    } else if (!env.user.groups.includes(masters)) {
      const { allowed, reason } = deps.authorizer.authorize(env.user, info);
      if (!allowed) throw forbidden(env.user, info, reason);
    }
    await next();
  };
}
