/**
 * What kube-apiserver's ServiceAccount plugin makes of a new pod: it belongs to an account, inherits its pull secrets, and
 * every container finds a token, the CA and its namespace where in-cluster clients look for them.
 */
import type { Container, Pod, ServiceAccount, Volume } from "../../../objects/mod.ts";
import { forbidden } from "./refusal.ts";

/** Where in-cluster clients look. */
export const tokenMountPath = "/var/run/secrets/kubernetes.io/serviceaccount";
/** Of the volume's name; a random word follows. */
const volumePrefix = "kube-api-access-";
/** An hour, and seven seconds by which kube-apiserver's own tokens are known. */
const tokenSeconds = 3607;

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
  if (spec.automountServiceAccountToken ?? found.automountServiceAccountToken ?? true) mountApiAccess(pod, suffix);
  if (!spec.imagePullSecrets?.length && found.imagePullSecrets?.length) {
    spec.imagePullSecrets = found.imagePullSecrets.map((secret) => ({ ...secret }));
  }
}

/** Mounts the API's credentials into every container that has nothing at their place. */
export function mountApiAccess({ spec }: Pod, suffix: () => string): void {
  const present = spec.volumes?.find(({ name }) => name.startsWith(volumePrefix));
  const name = present?.name ?? volumePrefix + suffix();
  let needed = false;
  const mount = (container: Container) => {
    if (container.volumeMounts?.some(({ mountPath }) => mountPath === tokenMountPath)) return;
    container.volumeMounts = [...container.volumeMounts ?? [], { name, readOnly: true, mountPath: tokenMountPath }];
    needed = true;
  };
  for (const container of [...spec.initContainers ?? [], ...spec.containers]) mount(container);
  if (needed && !present) spec.volumes = [...spec.volumes ?? [], apiAccess(name)];
}

function apiAccess(name: string): Volume {
  return {
    name,
    projected: {
      defaultMode: 0o644,
      sources: [
        { serviceAccountToken: { expirationSeconds: tokenSeconds, path: "token" } },
        { configMap: { name: "kube-root-ca.crt", items: [{ key: "ca.crt", path: "ca.crt" }] } },
        {
          downwardAPI: {
            items: [{ path: "namespace", fieldRef: { apiVersion: "v1", fieldPath: "metadata.namespace" } }],
          },
        },
      ],
    },
  } as Volume;
}
