/** What those need who check ServiceAccount tokens themselves: OpenID discovery and the public keys. */
import type { Hono } from "hono";
import type { AppEnv } from "../request.ts";
import type { AuthDeps } from "./middleware.ts";

export function issuerRoutes(app: Hono<AppEnv>, { pki }: Pick<AuthDeps, "pki">): void {
  app.get("/.well-known/openid-configuration", async (c) => {
    const { signer, server } = await pki();
    return c.json({
      issuer: signer.issuer,
      jwks_uri: `${server}/openid/v1/jwks`,
      response_types_supported: ["id_token"],
      subject_types_supported: ["public"],
      id_token_signing_alg_values_supported: ["ES256"],
    });
  });
  app.get("/openid/v1/jwks", async (c) => {
    const { signer } = await pki();
    return c.body(JSON.stringify(await signer.keySet()), { headers: { "content-type": "application/jwk-set+json" } });
  });
}
