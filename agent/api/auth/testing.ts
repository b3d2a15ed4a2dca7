/** What the tests of this room share: accounts, roles and keys in memory, and an app behind them. */
import { Hono } from "hono";
import { ManualClock } from "../../clock.ts";
import { TokenSigner } from "../../pki/mod.ts";
import { newKey } from "../../pki/keys.ts";
import { silentLogger } from "../../telemetry/log.ts";
import type { AppEnv, RequestEnv } from "../request.ts";
import { statusOf } from "../status.ts";
import { Authorizer, type Binding } from "./authorize.ts";
import { bootstrapBindings, bootstrapRoles } from "./bootstrap.ts";
import { auth, type AuthDeps } from "./middleware.ts";
import type { PolicyRule } from "./rules.ts";

interface Stored {
  kind: string;
  metadata: { name: string; namespace?: string; uid?: string; deletionTimestamp?: string };
  [field: string]: unknown;
}

export const issuer = "https://kubernetes.default.svc.cluster.local";
const key = await newKey();

/** A node's authentication and authorization over objects that a test puts there. */
export async function testAuth() {
  const clock = new ManualClock(Date.UTC(2026, 5, 1));
  const objects: Stored[] = [...bootstrapRoles(), ...bootstrapBindings()] as unknown as Stored[];
  const find = (kind: string, namespace: string, name: string) =>
    objects.find((each) =>
      each.kind === kind && (each.metadata.namespace ?? "") === namespace && each.metadata.name === name
    ) as never;
  const list = (kind: string, namespace?: string) =>
    objects.filter((each) =>
      each.kind === kind && (namespace === undefined || each.metadata.namespace === namespace)
    ) as unknown as Binding[];
  const signer = await TokenSigner.from(key, issuer);
  const holders = new Map<string, { name: string; groups: string[] }>();
  const deps: AuthDeps = {
    pki: () =>
      Promise.resolve({
        signer,
        tokens: { holder: (token: string) => Promise.resolve(holders.get(token)) } as never,
        caCertificate: "CA",
        server: "https://127.0.0.1:6550",
      }),
    accounts: { get: find },
    authorizer: new Authorizer({
      role: (namespace, name) => find("Role", namespace, name),
      clusterRole: (name) => find("ClusterRole", "", name),
      roleBindings: (namespace) => list("RoleBinding", namespace),
      clusterRoleBindings: () => list("ClusterRoleBinding"),
    }),
    now: () => clock.now(),
    log: silentLogger,
  };
  return {
    deps,
    clock,
    signer,
    /** Static tokens. */
    holders,
    put: (...more: Stored[]) => void objects.push(...more),
    remove: (kind: string, name: string) =>
      void objects.splice(objects.findIndex((each) => each.kind === kind && each.metadata.name === name), 1),
  };
}

export const account = (name: string, namespace = "default", uid = `uid-${name}`): Stored => ({
  kind: "ServiceAccount",
  metadata: { name, namespace, uid },
});

export const role = (name: string, rules: PolicyRule[], namespace?: string): Stored => ({
  kind: namespace ? "Role" : "ClusterRole",
  metadata: { name, ...(namespace ? { namespace } : {}) },
  rules,
});

/** Binds a role (`Role/name` or `ClusterRole/name`) to subjects such as `User/jane`, `ServiceAccount/default/robot`. */
export function binding(name: string, roleRef: string, subjects: string[], namespace?: string): Stored {
  const [kind, of] = roleRef.split("/");
  return {
    kind: namespace ? "RoleBinding" : "ClusterRoleBinding",
    metadata: { name, ...(namespace ? { namespace } : {}) },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind, name: of },
    subjects: subjects.map((subject) => {
      const [kind, ...rest] = subject.split("/");
      return kind === "ServiceAccount" && rest.length > 1
        ? { kind, namespace: rest[0], name: rest[1] }
        : { kind, name: rest.join("/") };
    }),
  };
}

/** An app that tells who asked and what for. */
export function testApp(deps: AuthDeps | undefined) {
  const app = new Hono<AppEnv>();
  app.use(auth(deps));
  app.all("*", (c) => c.json({ user: c.env.user, info: c.get("info") }));
  app.onError((err, c) => c.json(statusOf(err), statusOf(err).code as 500));
  return async (path: string, init: RequestInit = {}, env: Partial<RequestEnv> = {}) => {
    const response = await app.request(path, init, { door: "tls", ...env });
    return { status: response.status, body: await response.json() };
  };
}
