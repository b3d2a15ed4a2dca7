/** `/islet/v1/kubeconfigs`: credentials given out by command, and taken back. */
import type { Context, Hono } from "hono";
import { timestamp } from "../clock.ts";
import { kubeconfig } from "../pki/kubeconfig.ts";
import { type AuthDeps, masters, refusal, viewers } from "./auth/mod.ts";
import type { AppEnv } from "./request.ts";
import { badRequest, invalid, notFound } from "./status.ts";

const path = "/islet/v1/kubeconfigs";
const aYear = 365 * 24 * 3600;
const longest = 100 * aYear;

export interface KubeconfigRequest {
  /** Who it is for: the user's name in logs and in roles' bindings. */
  name: string;
  /** Default: those who may look at everything but Secrets. */
  groups: string[];
  /** 0: it does not end. Default: a year. */
  expirationSeconds: number;
  /** Another URL than this machine's own. */
  server?: string;
}

export function kubeconfigRoutes(app: Hono<AppEnv>, deps: Pick<AuthDeps, "pki" | "now">): void {
  app.get(path, async (c) => {
    onlyMasters(c);
    const { tokens } = await deps.pki();
    return c.json({ items: tokens.holders() });
  });
  app.post(path, async (c) => {
    onlyMasters(c);
    const { name, groups, expirationSeconds, server } = await read(c);
    const { tokens, caCertificate, server: own } = await deps.pki();
    const now = deps.now();
    const expires = expirationSeconds === 0 ? {} : { expires: timestamp(now + expirationSeconds * 1000) };
    const token = await tokens.add({ name, groups, ...expires }, now);
    const text = kubeconfig({ server: server ?? own, caCertificate, user: name, credential: { token } });
    return c.json({ name, groups, ...expires, kubeconfig: text }, 201);
  });
  app.delete(`${path}/:name`, async (c) => {
    onlyMasters(c);
    const name = c.req.param("name");
    const { tokens } = await deps.pki();
    if (!tokens.remove(name)) throw notFound("kubeconfigs", name);
    return c.json({ name });
  });
}

/** Whoever can give out credentials of any group can become anybody: no role is enough for that. */
function onlyMasters(c: Context<AppEnv>): void {
  if (c.env.user?.groups.includes(masters)) return;
  throw refusal({ resource: "kubeconfigs", group: "", name: "" }, `only members of ${masters} give them out`);
}

async function read(c: Context<AppEnv>): Promise<KubeconfigRequest> {
  let body: Record<string, unknown>;
  try {
    body = await c.req.json();
  } catch {
    throw badRequest("the body of the request is no JSON");
  }
  const { name, groups = [viewers], expirationSeconds = aYear, server } = Object(body) as Record<string, unknown>;
  const wrong = (field: string, value: unknown, why: string) =>
    invalid("Kubeconfig", String(name ?? ""), field, value, why);
  if (typeof name !== "string" || !/^[A-Za-z0-9@._:-]{1,253}$/.test(name)) {
    throw wrong("name", name, "must be 1 to 253 letters, digits, or any of @._:-");
  }
  if (name.startsWith("system:")) throw wrong("name", name, "names that begin with system: are the node's own");
  const isName = (group: unknown) => typeof group === "string" && /^[^\s,]{1,253}$/.test(group);
  if (!Array.isArray(groups) || groups.length > 20 || !groups.every(isName)) {
    throw wrong("groups", groups, "must be names of at most 20 groups");
  }
  if (
    !Number.isSafeInteger(expirationSeconds) || Number(expirationSeconds) < 0 || Number(expirationSeconds) > longest
  ) {
    throw wrong("expirationSeconds", expirationSeconds, "must be a number of seconds, 0 for no end");
  }
  if (server !== undefined && (typeof server !== "string" || !/^https:\/\/[^\s"]+$/.test(server))) {
    throw wrong("server", server, "must be a URL that begins with https://");
  }
  return {
    name,
    groups,
    expirationSeconds: Number(expirationSeconds),
    ...(server === undefined ? {} : { server: server as string }),
  };
}
