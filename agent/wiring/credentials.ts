/** Keys of the node, opened when first asked for, and what the API's authentication and authorization look into. */
import { type AuthDeps, Authorizer, type RoleSource } from "../api/auth/mod.ts";
import type { Clock } from "../clock.ts";
import type { NodeConfig } from "../config/mod.ts";
import type { Pki } from "../pki/mod.ts";
import type { Store } from "../store/mod.ts";
import type { Logger } from "../telemetry/log.ts";

export interface KeysOptions {
  config: Pick<NodeConfig, "rootDir" | "nodeName" | "api" | "serviceCIDRs" | "clusterDomain">;
  addresses: () => readonly string[];
  lastKnownTime: number;
  clock: Clock;
  log: Logger;
}

/** Opens the keys once, at the first call; a failure is forgotten, so that the next call tries again. */
export function keysOf({ config, addresses, lastKnownTime, clock, log }: KeysOptions): () => Promise<Pki> {
  let opened: Promise<Pki> | undefined;
  return () =>
    opened ??= (async () => {
      try {
        const { firstServiceAddress, Pki, serverUrl, servingNames } = await import("../pki/mod.ts");
        const { rootDir, nodeName, api, serviceCIDRs, clusterDomain } = config;
        return await Pki.open({
          rootDir,
          clusterDomain,
          server: serverUrl(api.address, api.port),
          names: () =>
            servingNames({
              nodeName,
              nodeAddresses: addresses(),
              apiAddress: api.address,
              serviceAddresses: serviceCIDRs.map(firstServiceAddress),
              clusterDomain,
            }),
          lastKnownTime,
          clock,
          log,
        });
      } catch (err) {
        opened = undefined;
        throw err;
      }
    })();
}

/** What authentication and authorization look into: this node's own objects. */
export function authOf(
  { store, pki, clock, log }: {
    store: Pick<Store, "get" | "list">;
    pki: () => Promise<Pki>;
    clock: Clock;
    log: Logger;
  },
): AuthDeps {
  const own = "local";
  const listed = (kind: string, namespace?: string) =>
    store.list(kind, { realm: own, ...(namespace === undefined ? {} : { namespace }) }).map(({ object }) => object);
  const roles: RoleSource = {
    role: (namespace, name) => store.get(own, "Role", namespace, name),
    clusterRole: (name) => store.get(own, "ClusterRole", "", name),
    roleBindings: (namespace) => listed("RoleBinding", namespace) as never,
    clusterRoleBindings: () => listed("ClusterRoleBinding") as never,
  };
  return {
    pki,
    accounts: { get: (kind, namespace, name) => store.get(own, kind, namespace, name) },
    authorizer: new Authorizer(roles),
    now: () => clock.now(),
    log,
  };
}
