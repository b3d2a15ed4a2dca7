import { deepEqual, equal, match, notEqual, rejects } from "node:assert/strict";
import { decodeBase64Url, encodeBase64Url } from "./base64.ts";
import { newKey } from "./keys.ts";
import { TokenSigner } from "./service_account.ts";

const issuer = "https://kubernetes.default.svc.cluster.local";
const now = Date.UTC(2026, 5, 1);
const boundTo = { namespace: "shop", serviceaccount: { name: "robot", uid: "u1" } };
const options = { audiences: [issuer], expirationSeconds: 3600, boundTo, now };
const reader = { audiences: [issuer], now };

const signer = await TokenSigner.from(await newKey(), issuer);

const part = (value: unknown) => encodeBase64Url(new TextEncoder().encode(JSON.stringify(value)));
const read = (token: string, index: number) =>
  JSON.parse(new TextDecoder().decode(decodeBase64Url(token.split(".")[index])));

Deno.test("a token has the claims that kube-apiserver's have", async () => {
  const { token, expires } = await signer.issue(options);
  deepEqual(read(token, 0), { alg: "ES256", kid: signer.keyId });
  const { jti, ...claims } = read(token, 1);
  match(jti, /^[0-9a-f-]{36}$/);
  const seconds = now / 1000;
  deepEqual(claims, {
    aud: [issuer],
    exp: seconds + 3600,
    iat: seconds,
    iss: issuer,
    "kubernetes.io": boundTo,
    nbf: seconds,
    sub: "system:serviceaccount:shop:robot",
  });
  equal(expires, now + 3600_000);
  equal((await signer.read(token, reader)).sub, "system:serviceaccount:shop:robot");
});

Deno.test("no two tokens are the same", async () => {
  notEqual((await signer.issue(options)).token, (await signer.issue(options)).token);
});

Deno.test("a token holds within its time, and a minute around it", async () => {
  const { token } = await signer.issue(options);
  const at = (ms: number) => signer.read(token, { ...reader, now: now + ms });
  for (const ms of [-59_000, 0, 3600_000, 3659_000]) await at(ms);
  await rejects(at(-61_000), /not valid yet/);
  await rejects(at(3661_000), /expired/);
});

Deno.test("a token is for those it names", async () => {
  const { token } = await signer.issue({ ...options, audiences: ["vault", "api"] });
  await signer.read(token, { audiences: ["api"], now });
  await rejects(signer.read(token, reader), /not for/);
  await rejects(signer.read(token, { audiences: [], now }), /not for/);
});

Deno.test("what is not signed by our key, in our way, is nothing", async () => {
  const { token } = await signer.issue(options);
  const [head, claims, signature] = token.split(".");
  const bytes = decodeBase64Url(signature)!;
  bytes[5] ^= 1;
  const other = await TokenSigner.from(await newKey(), issuer);
  const changed = { ...read(token, 1), sub: "system:serviceaccount:kube-system:admin" };
  const wrong: [why: RegExp, token: string][] = [
    [/signature/, (await other.issue(options)).token],
    [/signature/, `${head}.${part(changed)}.${signature}`],
    [/signature/, `${head}.${claims}.${encodeBase64Url(bytes)}`],
    [/signature/, `${head}.${claims}.`],
    [/ES256/, `${part({ alg: "none" })}.${claims}.`],
    [/ES256/, `${part({ alg: "HS256", kid: signer.keyId })}.${claims}.${signature}`],
    [/ES256/, `${part([])}.${claims}.${signature}`],
    [/no JWT/, `${head}.${claims}`],
    [/no JWT/, `${token}.x`],
    [/no JWT/, ""],
    [/ES256/, "a.b.c"],
    [/ES256/, `${head}=.${claims}.${signature}`],
    [/signature/, `${head}.${claims}.${signature}=`],
  ];
  for (const [why, text] of wrong) await rejects(signer.read(text, reader), why, text);
});

Deno.test("another installation's issuer is not ours", async () => {
  const key = await newKey();
  const [mine, theirs] = [await TokenSigner.from(key, issuer), await TokenSigner.from(key, "https://elsewhere")];
  await rejects(mine.read((await theirs.issue(options)).token, reader), /another issuer/);
});

Deno.test("the published key checks tokens without us", async () => {
  const { keys } = await signer.keySet();
  const [{ use, kid, ...jwk }] = keys;
  equal(use, "sig");
  equal(kid, signer.keyId);
  const { token } = await signer.issue(options);
  const [head, claims, signature] = token.split(".");
  const key = await crypto.subtle.importKey("jwk", jwk, { name: "ECDSA", namedCurve: "P-256" }, false, ["verify"]);
  const good = await crypto.subtle.verify(
    { name: "ECDSA", hash: "SHA-256" },
    key,
    decodeBase64Url(signature)!,
    new TextEncoder().encode(`${head}.${claims}`),
  );
  equal(good, true);
});
