/**
 * What kube-apiserver's ServiceAccount plugin makes of a new pod: it belongs to an account, inherits its pull secrets, and
 * every container finds a token, the CA and its namespace where in-cluster clients look for them.
 */
import { mountApiAccess, type Pod, type ServiceAccount } from "../../../objects/mod.ts";
import { forbidden } from "./refusal.ts";

/** Of the volume's name; a random word follows. */
const volumePrefix = "kube-api-access-";

/**
 * Fills in the pod's account. `account` looks one up in the pod's namespace.
 * @throws ApiError 403 when the account does not exist.
 */
export function admitServiceAccount(
  pod: Pod,
  account: (name: string) => ServiceAccount | undefined,
  suffix: () => string,
): void {
  const { spec, metadata } = pod;
  spec.serviceAccountName ||= "default";
  spec.serviceAccount = spec.serviceAccountName;
  const found = account(spec.serviceAccountName);
  if (!found) {
    const path = `${metadata.namespace}/${spec.serviceAccountName}`;
    throw forbidden(
      pod,
      `error looking up service account ${path}: serviceaccount ${JSON.stringify(spec.serviceAccountName)} not found`,
    );
  }
  if (spec.automountServiceAccountToken ?? found.automountServiceAccountToken ?? true) {
    mountApiAccess(spec, volumePrefix + suffix());
  }
  if (!spec.imagePullSecrets?.length && found.imagePullSecrets?.length) {
    spec.imagePullSecrets = found.imagePullSecrets.map((secret) => ({ ...secret }));
  }
}
