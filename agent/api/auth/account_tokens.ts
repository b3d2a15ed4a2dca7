/** Tokens for ServiceAccounts: asked for by TokenRequest, and by the volumes of pods. */
import type { BoundTo, Pki } from "../../pki/mod.ts";
import { badRequest, notFound } from "../status.ts";
import { ApiError } from "../status.ts";

export interface BoundObjectRef {
  kind?: string;
  apiVersion?: string;
  name?: string;
  uid?: string;
}

interface Found {
  metadata: { name: string; uid?: string };
  spec?: unknown;
}

export interface AccountTokensDeps {
  pki(): Promise<Pick<Pki, "signer">>;
  accounts: { get(kind: "ServiceAccount" | "Pod" | "Secret" | "Node", namespace: string, name: string): unknown };
  now(): number;
}

export interface TokenOptions {
  /** Default: the API itself. */
  audiences?: readonly string[];
  expirationSeconds: number;
  boundObjectRef?: BoundObjectRef;
}

export interface AccountToken {
  token: string;
  audiences: string[];
  /** Wall-clock ms. */
  expires: number;
}

/** A token for an account, bound to a pod, a Secret or the node where asked. @throws {ApiError} 400, 404, 409 */
export async function issueAccountToken(
  { pki, accounts, now }: AccountTokensDeps,
  namespace: string,
  name: string,
  { audiences, expirationSeconds, boundObjectRef }: TokenOptions,
): Promise<AccountToken> {
  const find = (kind: "ServiceAccount" | "Pod" | "Secret" | "Node", within: string, called: string) =>
    accounts.get(kind, within, called) as Found | undefined;
  const account = find("ServiceAccount", namespace, name);
  if (!account) throw notFound("serviceaccounts", name);
  const boundTo: BoundTo = { namespace, serviceaccount: { name, uid: account.metadata.uid ?? "" } };
  if (boundObjectRef) bind(boundTo, boundObjectRef, find);
  const { signer } = await pki();
  const forWhom = audiences?.length ? [...audiences] : [signer.issuer];
  const { token, expires } = await signer.issue({ audiences: forWhom, expirationSeconds, boundTo, now: now() });
  return { token, audiences: forWhom, expires };
}

function bind(
  boundTo: BoundTo,
  { kind, apiVersion, name = "", uid }: BoundObjectRef,
  find: (kind: "Pod" | "Secret" | "Node", namespace: string, name: string) => Found | undefined,
): void {
  const { namespace, serviceaccount } = boundTo;
  if (apiVersion !== "v1" || (kind !== "Pod" && kind !== "Secret" && kind !== "Node")) {
    throw badRequest(`cannot bind token to object of type ${JSON.stringify(`${apiVersion}, Kind=${kind}`)}`);
  }
  const found = find(kind, kind === "Node" ? "" : namespace, name);
  const plural = `${kind.toLowerCase()}s`;
  if (!found) throw notFound(plural, name);
  const reference = { name, uid: found.metadata.uid ?? "" };
  if (uid && uid !== reference.uid) {
    throw new ApiError(
      409,
      "Conflict",
      `Operation cannot be fulfilled on ${plural} ${JSON.stringify(name)}: the UID in the bound object reference ` +
        `(${uid}) does not match the UID in record. The object might have been deleted and then recreated`,
      { name, kind: plural },
    );
  }
  if (kind === "Secret") boundTo.secret = reference;
  else if (kind === "Node") boundTo.node = reference;
  else {
    const { serviceAccountName, nodeName } = (found.spec ?? {}) as { serviceAccountName?: string; nodeName?: string };
    if ((serviceAccountName || "default") !== serviceaccount.name) {
      throw badRequest(
        `cannot bind token for serviceaccount ${JSON.stringify(serviceaccount.name)} to pod running with different ` +
          `serviceaccount name.`,
      );
    }
    boundTo.pod = reference;
    const node = nodeName ? find("Node", "", nodeName) : undefined;
    if (node) boundTo.node = { name: node.metadata.name, uid: node.metadata.uid ?? "" };
  }
}
