/** Users that ServiceAccount tokens stand for: only as long as the account, and the pod, are the ones that got it. */
import type { TokenClaims } from "../../pki/mod.ts";
import type { UserInfo } from "../request.ts";
import { authenticated } from "./groups.ts";

interface Found {
  metadata: { uid?: string; deletionTimestamp?: string | null };
  spec?: unknown;
}

/** Looks up what tokens are bound to. */
export interface AccountLookup {
  get(kind: "ServiceAccount" | "Pod" | "Secret" | "Node", namespace: string, name: string): Found | undefined;
}

/** How long a token outlives the deletion of what it is bound to: it may end its work. */
const deletedGraceMs = 60_000;

export function accountName(namespace: string, name: string): string {
  return `system:serviceaccount:${namespace}:${name}`;
}

/** The user of a token whose signature and time are right. Throws where what it is bound to is gone. */
export function accountUser(claims: TokenClaims, accounts: AccountLookup, now: number): UserInfo {
  const { namespace, serviceaccount, pod, node, secret } = claims["kubernetes.io"];
  const check = (kind: Parameters<AccountLookup["get"]>[0], within: string, bound: { name: string; uid: string }) => {
    const found = accounts.get(kind, within, bound.name);
    if (!found) throw new Error(`its ${kind} is gone`);
    if (found.metadata.uid !== bound.uid) throw new Error(`its ${kind} was replaced by another of the same name`);
    const { deletionTimestamp } = found.metadata;
    if (deletionTimestamp && Date.parse(deletionTimestamp) + deletedGraceMs < now) {
      throw new Error(`its ${kind} has been deleted`);
    }
  };
  check("ServiceAccount", namespace, serviceaccount);
  if (pod) check("Pod", namespace, pod);
  if (secret) check("Secret", namespace, secret);
  if (node && !pod) check("Node", "", node);
  const extra: Record<string, string[]> = { "authentication.kubernetes.io/credential-id": [`JTI=${claims.jti}`] };
  if (node) {
    extra["authentication.kubernetes.io/node-name"] = [node.name];
    extra["authentication.kubernetes.io/node-uid"] = [node.uid];
  }
  if (pod) {
    extra["authentication.kubernetes.io/pod-name"] = [pod.name];
    extra["authentication.kubernetes.io/pod-uid"] = [pod.uid];
  }
  return {
    name: accountName(namespace, serviceaccount.name),
    uid: serviceaccount.uid,
    groups: ["system:serviceaccounts", `system:serviceaccounts:${namespace}`, authenticated],
    extra,
  };
}
