/**
 * Credentials for the API in pods of manifests: those that name an account get its token as pods of the API do, unless the account
 * says otherwise. That is settled when a pod begins; an account that changes its mind is asked by the next incarnation.
 */
import { hasApiAccess, mountApiAccess, type Pod, type ServiceAccount } from "../objects/mod.ts";
import type { StoreObject } from "../store/mod.ts";
import type { Completion } from "./execute.ts";

export const apiAccess: Completion = {
  complete(object, current, find) {
    if (object.kind !== "Pod") return object;
    const { metadata: { namespace = "" }, spec } = object as unknown as Pod;
    // what the pod says itself is done already; who names no account asks nothing of the API
    if (spec.automountServiceAccountToken !== undefined || !spec.serviceAccountName) return object;
    const account = () => find("ServiceAccount", namespace, spec.serviceAccountName!) as ServiceAccount | undefined;
    const isWanted = current
      ? hasApiAccess((current as unknown as Pod).spec)
      : account()?.automountServiceAccountToken ?? true;
    if (!isWanted || hasApiAccess(spec)) return object;
    const own = structuredClone(spec);
    mountApiAccess(own);
    return { ...object, spec: own } as StoreObject;
  },
  isComplete: () => true,
  asksByName: () => false,
};
