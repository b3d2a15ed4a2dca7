/** Between a door and the routes: who asks, what for, and whether they may. */
import type { MiddlewareHandler } from "hono";
import { type AppEnv, type RequestInfo, requestInfo, type UserInfo } from "../request.ts";
import { ApiError } from "../status.ts";
import { refuseForeignPages } from "./ambient.ts";
import { authenticate, type AuthenticatorDeps, unauthorized } from "./authenticate.ts";
import { type Authorizer } from "./authorize.ts";
import { anonymous, socketUser } from "./groups.ts";
import { forbidden } from "./forbidden.ts";
import { impersonate } from "./impersonate.ts";
import { kubeletAttributes, opensKubeletStream } from "./kubelet.ts";
import type { Attributes } from "./rules.ts";

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
    if (!c.env?.door) {
      // a test's `app.request()` comes through no door; nothing else may
      if (deps) throw unauthorized();
      c.env = { door: "socket" };
    }
    const { env } = c;
    refuseForeignPages(c.req.raw, env);
    if (!deps) {
      if (env.door !== "socket") throw unauthorized();
      env.user = socketUser;
      return await next();
    }
    const user = await authenticate(c.req.raw, env, deps);
    if (user === anonymous) {
      if (info.isResource || !open.test(info.path) && !isPage(c.req.raw, info)) throw unauthorized();
      env.user = user;
      return await next();
    }
    env.user = impersonate(user, c.req.raw.headers, deps.authorizer);
    const wanted = { ...info, name: info.name || selectedName(info, url.searchParams) };
    const { allowed, reason } = deps.authorizer.authorize(env.user, wanted);
    if (!allowed) throw forbidden(env.user, wanted, reason);
    if (opensStream(info)) {
      // what a WebSocket does by GET is no reading
      const create = { ...wanted, verb: "create" };
      const { allowed, reason } = deps.authorizer.authorize(env.user, create);
      if (!allowed) throw forbidden(env.user, create, reason);
    }
    await next();
  };
}

/** The page holds nothing: a browser is shown it, so that somebody can sign in. */
function isPage({ method, headers }: Request, { path }: RequestInfo): boolean {
  return path === "/" && method === "GET" && (headers.get("accept") ?? "").includes("text/html");
}

const streams = ["exec", "attach", "portforward"];

function opensStream({ group, resource, subresource, verb, rest }: RequestInfo): boolean {
  if (verb !== "get" || group !== "") return false;
  if (resource === "nodes") return subresource === "proxy" && opensKubeletStream(`/${rest}`);
  return resource === "pods" && streams.includes(subresource);
}

/** Lists and watches of one object alone, by its name, are about that object: a rule with resourceNames allows them. */
function selectedName({ verb }: RequestInfo, query: URLSearchParams): string {
  if (verb !== "list" && verb !== "watch" && verb !== "deletecollection") return "";
  const terms = (query.get("fieldSelector") ?? "").split(",");
  const found = terms.map((term) => /^metadata\.name==?([^=!]+)$/.exec(term)?.[1]).find((name) => name !== undefined);
  return found ?? "";
}

function kubeletForbidden({ name }: UserInfo, wanted: readonly Attributes[]): ApiError {
  const { verb, resource } = wanted[0];
  const subresources = wanted.map(({ subresource }) => subresource).join(" ");
  return new ApiError(
    403,
    "Forbidden",
    `Forbidden (user=${name}, verb=${verb}, resource=${resource}, subresource(s)=[${subresources}])\n`,
  );
}

export interface KubeletAuthOptions {
  nodeName: string;
  /** Whether bearer tokens count. */
  tokens: boolean;
  /** Whether requests without credentials are asked about as system:anonymous. */
  anonymous: boolean;
  authorization: "Webhook" | "AlwaysAllow";
}

/** The same for kubelet's API: every path is a subresource of the node. */
export function kubeletAuth(deps: AuthDeps, options: KubeletAuthOptions): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    refuseForeignPages(c.req.raw, c.env);
    const user = await authenticate(c.req.raw, c.env, deps, { tokens: options.tokens });
    if (user === anonymous && !options.anonymous) throw unauthorized();
    c.env.user = user;
    if (options.authorization === "Webhook") {
      const wanted = kubeletAttributes(c.req.method, c.req.path, options.nodeName);
      const allowed = wanted.some((each) => deps.authorizer.authorize(user, each).allowed);
      if (!allowed) throw kubeletForbidden(user, wanted);
    }
    await next();
  };
}
