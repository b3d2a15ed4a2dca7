/** `serviceaccounts/NAME/token`: a token for the account, as `kubectl create token` asks for. */
import type { TokenRequest } from "../../../objects/mod.ts";
import { timestamp } from "../../../clock.ts";
import { type AuthDeps, issueAccountToken } from "../../auth/mod.ts";
import { readObject } from "../body.ts";
import { decode } from "../decode.ts";
import { negotiate } from "../negotiate.ts";
import { writeRequest } from "../options.ts";
import { respond } from "../respond.ts";
import type { ApiObject, Subresource } from "../types.ts";

const kind = { group: "authentication.k8s.io", version: "v1", kind: "TokenRequest" };
const anHour = 3600;

export function accountToken(deps: Pick<AuthDeps, "pki" | "accounts" | "now">): Subresource {
  return {
    kind,
    verbs: ["create"],
    async handle(c) {
      const { media } = negotiate(c.req.header("accept"));
      const { namespace, name } = c.get("info");
      const query = new URL(c.req.url).searchParams;
      const { fieldValidation, dryRun } = writeRequest(query, c.req.header("user-agent"), "CreateOptions");
      const { value, duplicates } = await readObject(c);
      // kubectl sends neither, and the path says it
      const body = { ...value, apiVersion: value.apiVersion ?? `${kind.group}/v1`, kind: value.kind ?? kind.kind };
      const decoded = decode<TokenRequest & ApiObject>({ value: body, duplicates }, kind, fieldValidation);
      const { object } = decoded;
      object.spec.expirationSeconds ??= anHour;
      decoded.complete(object);
      const { expirationSeconds, audiences, boundObjectRef } = object.spec;
      const issued = await issueAccountToken(deps, namespace, name, { audiences, expirationSeconds, boundObjectRef });
      const answer = {
        ...object,
        metadata: { name, namespace, creationTimestamp: timestamp(deps.now()) },
        spec: { ...object.spec, audiences: issued.audiences, boundObjectRef: boundObjectRef ?? null },
        // nothing is kept of a token, so that a dry run differs in this alone
        status: {
          token: dryRun ? "" : issued.token,
          expirationTimestamp: timestamp(issued.expires),
        },
      };
      return await respond(c, { media }, answer, 201, decoded.warnings);
    },
  };
}
