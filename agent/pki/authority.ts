/**
 * The node's own certificate authority: made at the first start, kept from then on. Its key is what counts; a lost or
 * damaged certificate is made again for the same key and name, and all that it signed stays good.
 */
import { join } from "node:path";
import type { Logger } from "../telemetry/log.ts";
import { belongsTo, type Certificate, readCertificate } from "./certificate.ts";
import { readSecret, setAside, writeSecret } from "./files.ts";
import type { Authority } from "./issue.ts";
import { keyFromPem, keyToPem, newKey } from "./keys.ts";

export interface OpenAuthority extends Authority {
  read: Certificate;
  /** Whether the key is new, so that nothing signed before is good any more. */
  fresh: boolean;
}

/** A stored key; undefined where there is none, or where it is of no use (which is said, and the file set aside). */
export async function storedKey(path: string, what: string, log: Logger): Promise<CryptoKeyPair | undefined> {
  const text = readSecret(path);
  if (text === undefined) return undefined;
  try {
    return await keyFromPem(text);
  } catch (err) {
    setAside(path);
    log.error(`${what} is damaged: it is set aside and made anew`, { file: path, why: (err as Error).message });
    return undefined;
  }
}

export async function openAuthority(dir: string, log: Logger): Promise<OpenAuthority> {
  const [keyFile, certificateFile] = [join(dir, "ca.key"), join(dir, "ca.crt")];
  const stored = await storedKey(keyFile, "The key of the certificate authority", log);
  const key = stored ?? await newKey();
  if (!stored) {
    // before the certificate: a crash in between leaves what the next start goes on from
    writeSecret(keyFile, await keyToPem(key.privateKey));
    log.info("Made a certificate authority", { file: keyFile });
  }
  const keyText = await keyToPem(key.privateKey);
  const found = readSecret(certificateFile);
  if (found !== undefined && stored) {
    try {
      const read = readCertificate(found);
      if (read.isAuthority && belongsTo(read, keyText)) return { certificate: read.text, key, read, fresh: false };
      log.warn("The certificate of the certificate authority is of another key: it is made again", {
        file: certificateFile,
      });
    } catch (err) {
      log.warn("The certificate of the certificate authority is damaged: it is made again", {
        file: certificateFile,
        why: (err as Error).message,
      });
    }
  }
  const { issueAuthority } = await import("./issue.ts");
  const certificate = await issueAuthority("islet-ca", key);
  writeSecret(certificateFile, certificate);
  return { certificate, key, read: readCertificate(certificate), fresh: !stored };
}
