/** A certificate that the node keeps, with its key in one file: made when it is missing, replaced before it ends. */
import type { Logger } from "../telemetry/log.ts";
import type { OpenAuthority } from "./authority.ts";
import { belongsTo, type Certificate, isSignedBy, readCertificate } from "./certificate.ts";
import { readSecret, writeSecret } from "./files.ts";
import type { Leaf } from "./issue.ts";
import { keyToPem, newKey, pem, unpem } from "./keys.ts";
import { sameNames } from "./names.ts";

export type Wanted = Omit<Leaf, "notAfter">;

/** PEM of a certificate and of its key. */
export interface KeptCertificate {
  certificate: string;
  key: string;
  notAfter: number;
}

/** How long a certificate holds. With a third of it left it is replaced. */
export const validityMs = 365 * 24 * 3600 * 1000;

export interface KeepOptions {
  path: string;
  /** For messages: `The serving certificate`. */
  what: string;
  authority: OpenAuthority;
  wanted: Wanted;
  /** The wall clock. */
  now: number;
  /** The latest time that is known to have been, which a clock that is wrong at boot lies before. */
  newest: number;
  log: Logger;
}

/** The certificate as it is on disk, or a new one. `renewed` says why. */
export async function keepCertificate(options: KeepOptions): Promise<KeptCertificate & { renewed?: string }> {
  const { path, what, authority, wanted, log } = options;
  const text = readSecret(path);
  let why = "there is none";
  if (text !== undefined) {
    const found = examine(text, options);
    if (typeof found !== "string") return found;
    why = found;
    log.info(`${what} is replaced`, { file: path, why });
  }
  const key = await newKey();
  const { issueLeaf } = await import("./issue.ts");
  const notAfter = new Date(Math.floor((Math.max(options.now, options.newest) + validityMs) / 1000) * 1000);
  const certificate = await issueLeaf(authority, key.publicKey, { ...wanted, notAfter });
  const keyText = await keyToPem(key.privateKey);
  writeSecret(path, certificate + keyText);
  return { certificate, key: keyText, notAfter: notAfter.getTime(), renewed: why };
}

/** What is in the file, or why it is of no use. */
function examine(text: string, { authority, wanted, now }: KeepOptions): KeptCertificate | string {
  let found: Certificate, key: string;
  try {
    found = readCertificate(text);
    key = pem("PRIVATE KEY", unpem("PRIVATE KEY", text));
    if (!belongsTo(found, key)) return "its key is another's";
  } catch (err) {
    return `it is damaged: ${(err as Error).message}`;
  }
  if (!isSignedBy(found, authority.read)) return "it is of another certificate authority";
  if (found.commonName !== wanted.commonName || !sameNames(found.organizations, [...wanted.organizations ?? []])) {
    return "it is for somebody else";
  }
  if (!sameNames(found.dnsNames, wanted.dnsNames ?? []) || !sameNames(found.addresses, wanted.addresses ?? [])) {
    return "the node's names or addresses have changed";
  }
  if (needsRenewal(found.notAfter, now)) return `it ends on ${new Date(found.notAfter).toISOString()}`;
  return { certificate: found.text, key, notAfter: found.notAfter };
}

export function needsRenewal(notAfter: number, now: number): boolean {
  return notAfter - now < validityMs / 3;
}
