/**
 * Who asks: the socket's file mode, a client certificate, a token that was given out, a ServiceAccount's token. The first
 * that is known counts; credentials that are shown and wrong are never taken for none.
 */
import { decodeBase64Url } from "../../pki/base64.ts";
import type { Pki, TokenHolder } from "../../pki/mod.ts";
import type { Logger } from "../../telemetry/log.ts";
import { tokenProtocol } from "../channels.ts";
import type { RequestEnv, UserInfo } from "../request.ts";
import { ApiError } from "../status.ts";
import { anonymous, socketUser, withAuthenticated } from "./groups.ts";
import { type AccountLookup, accountUser } from "./service_account.ts";

export interface AuthenticatorDeps {
  /** Keys and tokens of the node; asked for only where a TLS door is open, which needs them first. */
  pki(): Promise<Pick<Pki, "signer" | "tokens" | "caCertificate" | "server">>;
  accounts: AccountLookup;
  /** The wall clock, ms. */
  now(): number;
  log: Pick<Logger, "debug">;
}

export interface AuthenticateOptions {
  /** Bearer tokens count; default: yes. */
  tokens?: boolean;
}

/** apimachinery's NewUnauthorized, as kube-apiserver's filter words it. */
export function unauthorized(): ApiError {
  return new ApiError(401, "Unauthorized", "Unauthorized");
}

/** The user of a request, `anonymous` without credentials. @throws {ApiError} 401 for wrong ones. */
export async function authenticate(
  { headers }: Pick<Request, "headers">,
  env: RequestEnv,
  deps: AuthenticatorDeps,
  { tokens = true }: AuthenticateOptions = {},
): Promise<UserInfo> {
  if (env.door === "socket") return socketUser;
  if (env.certificate) {
    const { commonName, organizations } = env.certificate;
    if (commonName === "") throw unauthorized();
    return { name: commonName, groups: withAuthenticated(organizations) };
  }
  const token = bearerToken(headers.get("authorization")) ?? webSocketToken(headers);
  if (token !== undefined && tokens) {
    const found = await tokenUser(token, deps);
    if (found) {
      const { audiences: _, ...user } = found;
      return user;
    }
  }
  if (env.certificateError !== undefined || token !== undefined) {
    deps.log.debug("Refused a client", { remote: env.remote, certificate: env.certificateError });
    throw unauthorized();
  }
  return anonymous;
}

/** The token of an Authorization header; undefined where there is none of that scheme. */
function bearerToken(header: string | null): string | undefined {
  const text = (header ?? "").trim();
  const token = text.slice(7).trim();
  return /^bearer\s/i.test(text) && token !== "" ? token : undefined;
}

/**
 * The token among a WebSocket's protocols: a browser's has no other place for it. undefined where there is none; "" for one
 * that cannot be read, or that leaves no protocol to speak.
 */
function webSocketToken(headers: Headers): string | undefined {
  if (headers.get("upgrade")?.toLowerCase() !== "websocket") return undefined;
  const offered = (headers.get("sec-websocket-protocol") ?? "").split(",").map((each) => each.trim());
  const tokens = offered.filter((each) => each.startsWith(tokenProtocol));
  if (tokens.length === 0) return undefined;
  const bytes = decodeBase64Url(tokens[0].slice(tokenProtocol.length));
  if (!bytes || tokens.length > 1 || offered.length === 1) return "";
  return new TextDecoder().decode(bytes);
}

/** Whose token that is; undefined for one that counts for nothing. */
export async function tokenUser(
  token: string,
  { pki, accounts, now, log }: AuthenticatorDeps,
  audiences?: readonly string[],
): Promise<UserInfo & { audiences?: string[] } | undefined> {
  if (token.length > 16 * 1024) return undefined;
  const { signer, tokens } = await pki();
  if (!token.includes(".")) {
    const holder = await tokens.holder(token, now());
    return holder && holderUser(holder);
  }
  try {
    const wanted = audiences ?? [signer.issuer];
    const claims = await signer.read(token, { audiences: wanted, now: now() });
    return {
      ...accountUser(claims, accounts, now()),
      audiences: claims.aud.filter((audience) => wanted.includes(audience)),
    };
  } catch (err) {
    log.debug("A ServiceAccount's token was refused", { why: (err as Error).message });
    return undefined;
  }
}

function holderUser({ name, groups }: TokenHolder): UserInfo {
  return { name, groups: withAuthenticated(groups) };
}
