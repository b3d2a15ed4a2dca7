/**
 * ServiceAccount tokens: JWTs as kube-apiserver signs them (ES256), bound to an account and, for those in pods, to the
 * pod. Signing and reading only; whether account and pod still exist is for the API's authentication to say.
 */
import { join } from "node:path";
import type { Logger } from "../telemetry/log.ts";
import { storedKey } from "./authority.ts";
import { decodeBase64Url, encodeBase64Url } from "./base64.ts";
import { writeSecret } from "./files.ts";
import { keyToPem, newKey, publicDer, signAlgorithm } from "./keys.ts";

/** Kubernetes' own part of a token. */
export interface BoundTo {
  namespace: string;
  serviceaccount: { name: string; uid: string };
  pod?: { name: string; uid: string };
  secret?: { name: string; uid: string };
  node?: { name: string; uid: string };
  warnafter?: number;
}

export interface TokenClaims {
  iss: string;
  sub: string;
  aud: string[];
  exp: number;
  nbf: number;
  iat: number;
  jti: string;
  "kubernetes.io": BoundTo;
}

export interface IssueOptions {
  audiences: readonly string[];
  expirationSeconds: number;
  boundTo: BoundTo;
  /** The wall clock, ms. */
  now: number;
}

export interface IssuedToken {
  token: string;
  /** ms. */
  expires: number;
}

/** As go-jose has it: clocks differ a little. */
const leewaySeconds = 60;

const text = (value: unknown) => encodeBase64Url(new TextEncoder().encode(JSON.stringify(value)));

/** Signs and reads the tokens of one installation. */
export class TokenSigner {
  private constructor(
    private readonly key: CryptoKeyPair,
    /** What the key is called in a token's header: the hash of its public half. */
    readonly keyId: string,
    readonly issuer: string,
  ) {}

  static async open(dir: string, issuer: string, log: Logger): Promise<TokenSigner> {
    const path = join(dir, "sa.key");
    let key = await storedKey(path, "The key of ServiceAccount tokens", log);
    if (!key) writeSecret(path, await keyToPem((key = await newKey()).privateKey));
    return await TokenSigner.from(key, issuer);
  }

  static async from(key: CryptoKeyPair, issuer: string): Promise<TokenSigner> {
    const hash = await crypto.subtle.digest("SHA-256", await publicDer(key.publicKey));
    return new TokenSigner(key, encodeBase64Url(new Uint8Array(hash)), issuer);
  }

  async issue({ audiences, expirationSeconds, boundTo, now }: IssueOptions): Promise<IssuedToken> {
    const iat = Math.floor(now / 1000);
    const { namespace, serviceaccount } = boundTo;
    const claims: TokenClaims = {
      aud: [...audiences],
      exp: iat + expirationSeconds,
      iat,
      iss: this.issuer,
      jti: crypto.randomUUID(),
      "kubernetes.io": boundTo,
      nbf: iat,
      sub: `system:serviceaccount:${namespace}:${serviceaccount.name}`,
    };
    const signed = `${text({ alg: "ES256", kid: this.keyId })}.${text(claims)}`;
    const signature = await crypto.subtle.sign(signAlgorithm, this.key.privateKey, new TextEncoder().encode(signed));
    return { token: `${signed}.${encodeBase64Url(new Uint8Array(signature))}`, expires: claims.exp * 1000 };
  }

  /** Whether a text looks like a token of this issuer, so that what is wrong with it is worth saying. */
  isOurs(token: string): boolean {
    return readPart<TokenClaims>(token.split(".")[1])?.iss === this.issuer;
  }

  /**
   * The claims of a token that we signed and whose time it is. `audiences`: those of the reader, one of which must be
   * among the token's. Throws an Error that says what is wrong.
   */
  async read(token: string, { audiences, now }: { audiences: readonly string[]; now: number }): Promise<TokenClaims> {
    const parts = token.split(".");
    if (parts.length !== 3) throw new Error("it is no JWT");
    const header = readPart<{ alg?: string; kid?: string }>(parts[0]);
    // the algorithm is ours to choose, never the token's
    if (header?.alg !== "ES256") throw new Error("it is not signed with ES256");
    const signature = decodeBase64Url(parts[2]);
    const signed = new TextEncoder().encode(`${parts[0]}.${parts[1]}`);
    if (!signature || !await crypto.subtle.verify(signAlgorithm, this.key.publicKey, signature, signed)) {
      throw new Error("its signature is not of this node's key");
    }
    const claims = readPart<TokenClaims>(parts[1]);
    if (!claims || claims.iss !== this.issuer) throw new Error("it is of another issuer");
    const seconds = now / 1000;
    if (!(seconds < claims.exp + leewaySeconds)) throw new Error("it has expired");
    if (!(seconds > claims.nbf - leewaySeconds)) throw new Error("it is not valid yet");
    if (!claims.aud.some((audience) => audiences.includes(audience))) {
      throw new Error(`it is for ${JSON.stringify(claims.aud)}, not for ${JSON.stringify(audiences)}`);
    }
    return claims;
  }

  /** The public key as a JSON Web Key Set, for those who check tokens themselves. */
  async keySet(): Promise<{ keys: Record<string, unknown>[] }> {
    const { kty, crv, x, y } = await crypto.subtle.exportKey("jwk", this.key.publicKey);
    return { keys: [{ use: "sig", kty, kid: this.keyId, crv, alg: "ES256", x, y }] };
  }
}

function readPart<T>(part: string | undefined): T | undefined {
  const bytes = decodeBase64Url(part ?? "");
  if (!bytes) return undefined;
  try {
    const value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
