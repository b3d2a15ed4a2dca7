/**
 * Bearer tokens that are given out once and hold until they end or are taken back: the administrator's, and those of
 * kubeconfigs made by command. Only the administrator's own is kept as it is; of the others the hash is enough.
 */
import { join } from "node:path";
import { timingSafeEqual } from "node:crypto";
import type { Logger } from "../telemetry/log.ts";
import { encodeBase64Url } from "./base64.ts";
import { readSecret, setAside, writeSecret } from "./files.ts";

/** Somebody who was given a token. */
export interface TokenHolder {
  name: string;
  groups: readonly string[];
  /** RFC 3339; without it the token does not end. */
  expires?: string;
}

interface Entry extends TokenHolder {
  /** Base64url of the token's SHA-256. */
  sha256: string;
}

export const administrator: TokenHolder = { name: "system:admin", groups: ["system:masters"] };

const wellFormed = /^[A-Za-z0-9_-]{43}$/;

function newToken(): string {
  return encodeBase64Url(crypto.getRandomValues(new Uint8Array(32)));
}

async function hashOf(token: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(token)));
}

export class StaticTokens {
  private constructor(
    private readonly file: string,
    /** The administrator's token. */
    readonly admin: string,
    private readonly adminHash: Uint8Array,
    private entries: Entry[],
  ) {}

  static async open(dir: string, log: Logger): Promise<StaticTokens> {
    const adminFile = join(dir, "admin.token");
    let admin = readSecret(adminFile)?.trim();
    if (admin === undefined || !wellFormed.test(admin)) {
      if (admin !== undefined) {
        log.error("The administrator's token is damaged: there is a new one, and copies of admin.kubeconfig are void", {
          file: adminFile,
        });
      }
      writeSecret(adminFile, (admin = newToken()) + "\n");
    }
    const file = join(dir, "tokens.json");
    return new StaticTokens(file, admin, await hashOf(admin), readEntries(file, log));
  }

  /** Whose token that is; takes the same time for all that are wrong. */
  async holder(token: string, now: number): Promise<TokenHolder | undefined> {
    const hash = await hashOf(token);
    let found: TokenHolder | undefined;
    if (timingSafeEqual(hash, this.adminHash)) found = administrator;
    const text = new TextEncoder().encode(encodeBase64Url(hash));
    for (const entry of this.entries) {
      if (timingSafeEqual(text, new TextEncoder().encode(entry.sha256))) found = entry;
    }
    return found?.expires !== undefined && Date.parse(found.expires) <= now ? undefined : found;
  }

  /** All but the administrator. */
  holders(): TokenHolder[] {
    return this.entries.map(({ sha256: _, ...holder }) => holder);
  }

  /** Gives out a token; who had one under that name loses it, and those that have ended are forgotten. */
  async add(holder: TokenHolder, now: number): Promise<string> {
    const token = newToken();
    const entry = { ...holder, sha256: encodeBase64Url(await hashOf(token)) };
    const kept = this.entries.filter(({ name, expires }) =>
      name !== holder.name && (expires === undefined || Date.parse(expires) > now)
    );
    this.#write([...kept, entry]);
    return token;
  }

  /** Takes a token back; false where there was none under that name. */
  remove(name: string): boolean {
    const left = this.entries.filter((entry) => entry.name !== name);
    if (left.length === this.entries.length) return false;
    this.#write(left);
    return true;
  }

  #write(entries: Entry[]): void {
    writeSecret(this.file, JSON.stringify(entries, null, 2) + "\n");
    this.entries = entries;
  }
}

function readEntries(file: string, log: Logger): Entry[] {
  const text = readSecret(file);
  if (text === undefined) return [];
  try {
    const entries: unknown = JSON.parse(text);
    if (!Array.isArray(entries) || !entries.every(isEntry)) throw new Error("it is no list of tokens");
    return entries;
  } catch (err) {
    setAside(file);
    log.error("The list of tokens is damaged: it is set aside, and what was given out is void", {
      file,
      why: (err as Error).message,
    });
    return [];
  }
}

function isEntry(entry: unknown): entry is Entry {
  const { name, groups, expires, sha256 } = (entry ?? {}) as Record<string, unknown>;
  return typeof name === "string" && Array.isArray(groups) && groups.every((group) => typeof group === "string") &&
    typeof sha256 === "string" && wellFormed.test(sha256) &&
    (expires === undefined || typeof expires === "string" && !Number.isNaN(Date.parse(expires)));
}
