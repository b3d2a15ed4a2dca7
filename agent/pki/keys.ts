/** Keys: ECDSA P-256 throughout, by WebCrypto; PKCS #8 in PEM on disk. */
import { decodeBase64, encodeBase64 } from "./base64.ts";

export const keyAlgorithm = { name: "ECDSA", namedCurve: "P-256" } as const;
export const signAlgorithm = { name: "ECDSA", hash: "SHA-256" } as const;

export async function newKey(): Promise<CryptoKeyPair> {
  return await crypto.subtle.generateKey(keyAlgorithm, true, ["sign", "verify"]) as CryptoKeyPair;
}

export function pem(label: string, der: Uint8Array): string {
  const lines = encodeBase64(der).match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}

/** The content of the first block of that label. Throws where there is none. */
export function unpem(label: string, text: string): Uint8Array<ArrayBuffer> {
  const found = new RegExp(`-----BEGIN ${label}-----([A-Za-z0-9+/=\\s]+)-----END ${label}-----`).exec(text);
  if (!found) throw new Error(`it holds no ${label}`);
  return decodeBase64(found[1].replaceAll(/\s/g, ""));
}

export async function keyToPem(key: CryptoKey): Promise<string> {
  return pem("PRIVATE KEY", new Uint8Array(await crypto.subtle.exportKey("pkcs8", key)));
}

/** Both halves of a stored key. Throws where it is no such key. */
export async function keyFromPem(text: string): Promise<CryptoKeyPair> {
  const der = unpem("PRIVATE KEY", text);
  const privateKey = await crypto.subtle.importKey("pkcs8", der, keyAlgorithm, true, ["sign"]);
  const { kty, crv, x, y } = await crypto.subtle.exportKey("jwk", privateKey);
  const publicKey = await crypto.subtle.importKey("jwk", { kty, crv, x, y }, keyAlgorithm, true, ["verify"]);
  return { privateKey, publicKey };
}

/** SubjectPublicKeyInfo. */
export async function publicDer(key: CryptoKey): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.exportKey("spki", key));
}
