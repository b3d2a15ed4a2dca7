/**
 * Which credentials go with an image: Docker configurations (of pull secrets and of the node) flattened to a list, looked up as
 * kubelet does. Keys may have wildcards in the host (`*.example.com`) and a path (`registry.example/team`); the most specific
 * key comes first, and every credential that fits is tried in turn. Credentials never appear in messages.
 */
import { createHash } from "node:crypto";

/** What CRI's AuthConfig takes. */
export interface Credentials {
  username?: string;
  password?: string;
  identityToken?: string;
  registryToken?: string;
}

interface Entry {
  /** Host with port and path, no scheme. */
  key: string;
  credentials: Credentials;
}

export type Keyring = readonly Entry[];

/** Reads a `.dockerconfigjson` (entries below `auths`) or the older `.dockercfg` (entries at the top). Throws on nonsense. */
export function parseDockerConfig(text: string): Keyring {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new Error("Cannot read the Docker configuration: it is not JSON"); // the parser's own words quote the text
  }
  const config = asRecord(parsed);
  const auths = asRecord(config && "auths" in config ? config.auths : config);
  if (!auths) throw new Error("Cannot read the Docker configuration: it holds no credentials");
  const entries: Entry[] = [];
  for (const [location, value] of Object.entries(auths)) {
    const fields = asRecord(value);
    const credentials = fields && entryCredentials(fields);
    if (credentials) entries.push({ key: registryKey(location), credentials });
  }
  return entries.sort((a, b) => a.key < b.key ? 1 : a.key > b.key ? -1 : 0);
}

/** The credentials for an image in the order in which to try them, earlier keyrings first; empty: anonymous. */
export function lookUp(image: { registry: string; path: string }, keyrings: readonly Keyring[]): Credentials[] {
  const found: Credentials[] = [];
  for (const keyring of keyrings) {
    for (const { key, credentials } of keyring) {
      if (matches(key, image)) found.push(credentials);
    }
  }
  return [...new Map(found.map((credentials) => [fingerprint([credentials]), credentials])).values()];
}

/** A stand-in for credentials in keys of maps: tells whether two lists are the same and nothing else. */
export function fingerprint(credentials: readonly Credentials[]): string {
  if (credentials.length === 0) return "";
  const fields = credentials.map((c) => [c.username, c.password, c.identityToken, c.registryToken]);
  return createHash("sha256").update(JSON.stringify(fields)).digest("hex").slice(0, 16);
}

function entryCredentials(fields: Record<string, unknown>): Credentials | undefined {
  const text = (name: string) => typeof fields[name] === "string" && fields[name] !== "" ? fields[name] : undefined;
  let username = text("username"), password = text("password");
  const auth = text("auth");
  if (auth !== undefined) {
    const decoded = decodeBase64(auth);
    const colon = decoded?.indexOf(":") ?? -1;
    if (decoded === undefined || colon < 0) {
      throw new Error("Cannot read the Docker configuration: an auth field is not base64 of user:password");
    }
    username = decoded.slice(0, colon);
    password = decoded.slice(colon + 1).replace(/\0+$/, "");
  }
  const identityToken = text("identitytoken"), registryToken = text("registrytoken");
  if (username === undefined && identityToken === undefined && registryToken === undefined) return undefined;
  return {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(identityToken === undefined ? {} : { identityToken }),
    ...(registryToken === undefined ? {} : { registryToken }),
  };
}

/** `https://index.docker.io/v1/` → `index.docker.io`; the API version is no part of an image's path. */
function registryKey(location: string): string {
  const bare = location.replace(/^[a-z]+:\/\//i, "").replace(/\/+$/, "");
  return bare.replace(/\/v[12](?=\/|$)/, "");
}

function matches(key: string, { registry, path }: { registry: string; path: string }): boolean {
  const slash = key.indexOf("/");
  const host = slash < 0 ? key : key.slice(0, slash);
  const prefix = slash < 0 ? "" : key.slice(slash + 1);
  if (prefix !== "" && path !== prefix && !path.startsWith(prefix + "/")) return false;
  const hosts = registry === "docker.io" ? ["docker.io", "index.docker.io", "registry-1.docker.io"] : [registry];
  return hosts.some((image) => hostMatches(host, image));
}

/** Label by label, `*` and `?` standing for characters of one label; ports must be equal. */
function hostMatches(pattern: string, host: string): boolean {
  const [patternName, patternPort] = splitPort(pattern);
  const [name, port] = splitPort(host);
  if (patternPort !== port) return false;
  const wanted = patternName.split("."), given = name.split(".");
  return wanted.length === given.length && wanted.every((part, i) => globMatches(part, given[i]));
}

function globMatches(pattern: string, text: string): boolean {
  if (!/[*?]/.test(pattern)) return pattern.toLowerCase() === text.toLowerCase();
  const source = pattern.replace(/[.+^${}()|[\]\\]/g, "\\$&").replaceAll("*", "[^.]*").replaceAll("?", "[^.]");
  return new RegExp(`^${source}$`, "i").test(text);
}

function splitPort(host: string): [string, string] {
  const match = /^(.*?)(?::(\d+))?$/.exec(host)!;
  return [match[1], match[2] ?? ""];
}

function asRecord(value: unknown): Record<string, unknown> | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? value as Record<string, unknown>
    : undefined;
}

function decodeBase64(text: string): string | undefined {
  try {
    return new TextDecoder().decode(Uint8Array.from(atob(text.trim()), (char) => char.charCodeAt(0)));
  } catch {
    return undefined;
  }
}
