/**
 * The node's own lease, by which others see that it lives. Whoever can read it has just been answered by the node: it is
 * renewed when somebody looks, and costs nothing while nobody does.
 */
import type { Clock } from "../../../clock.ts";
import type { Lease } from "../../../objects/mod.ts";
import type { WritableBackend } from "../types.ts";

export const leaseNamespace = "kube-node-lease";
const leaseSeconds = 40;
/** As often as kubelet renews it. */
const renewMs = 10_000;

export function withNodeLease(
  backend: WritableBackend<Lease>,
  nodeName: string,
  clock: Pick<Clock, "now" | "mono">,
): WritableBackend<Lease> {
  let renewed = -Infinity;
  return {
    ...backend,
    async prepare() {
      if (clock.mono() - renewed < renewMs) return;
      renewed = clock.mono();
      const renewTime = new Date(clock.now()).toISOString().replace("Z", "000Z");
      const spec = { holderIdentity: nodeName, leaseDurationSeconds: leaseSeconds, renewTime };
      await backend.write(leaseNamespace, nodeName, (current) => ({
        apiVersion: "coordination.k8s.io/v1",
        kind: "Lease",
        metadata: { name: nodeName, namespace: leaseNamespace },
        ...current,
        spec: { ...current?.spec, ...spec },
      }));
    },
  };
}
