/** Where clients in a pod find what they need for the API: a token, the CA and their namespace. */
import type { Container } from "../container.ts";
import type { PodSpec } from "../pod.ts";
import type { Volume } from "../volume.ts";

/** Where in-cluster clients look. */
export const tokenMountPath = "/var/run/secrets/kubernetes.io/serviceaccount";
const volumePrefix = "kube-api-access";
/** An hour, and seven seconds by which kube-apiserver's own tokens are known. */
const tokenSeconds = 3607;

/** Whether a pod has the API's credentials by the node's hand. */
export function hasApiAccess({ volumes = [] }: PodSpec): boolean {
  return volumes.some(({ name }) => name.startsWith(volumePrefix));
}

/** Mounts the API's credentials into every container that has nothing at their place; `name` is the volume's. */
export function mountApiAccess(spec: PodSpec, name = volumePrefix): void {
  const present = spec.volumes?.find((volume) => volume.name.startsWith(volumePrefix));
  let needed = false;
  const mount = (container: Container) => {
    if (container.volumeMounts?.some(({ mountPath }) => mountPath === tokenMountPath)) return;
    container.volumeMounts = [
      ...container.volumeMounts ?? [],
      { name: present?.name ?? name, readOnly: true, mountPath: tokenMountPath },
    ];
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
