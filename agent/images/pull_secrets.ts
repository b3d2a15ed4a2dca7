/** Where credentials come from: a pod's imagePullSecrets, then the node's Docker configuration, read anew when it changes. */
import type { Pod, Secret, ServiceAccount } from "../objects/mod.ts";
import { type Keyring, parseDockerConfig } from "./keyring.ts";

/**
 * The keyrings of a pod's secrets, and the names of those that are missing or unreadable. A pod that names none has those of its
 * account, where `account` gives it: a pod of the API has them in its own spec by then.
 */
export function podKeyrings(
  pod: Pod,
  secret: (name: string) => Secret | undefined,
  account?: ServiceAccount,
): { keyrings: Keyring[]; unusable: string[] } {
  const keyrings: Keyring[] = [], unusable: string[] = [];
  const own = pod.spec.imagePullSecrets ?? [];
  for (const { name } of own.length > 0 ? own : account?.imagePullSecrets ?? []) {
    if (!name) continue;
    const keyring = secretKeyring(secret(name));
    if (keyring) keyrings.push(keyring);
    else unusable.push(name);
  }
  return { keyrings, unusable };
}

function secretKeyring(secret: Secret | undefined): Keyring | undefined {
  const encoded = secret?.type === "kubernetes.io/dockerconfigjson"
    ? secret.data?.[".dockerconfigjson"]
    : secret?.type === "kubernetes.io/dockercfg"
    ? secret.data?.[".dockercfg"]
    : undefined;
  if (encoded === undefined) return undefined;
  try {
    return parseDockerConfig(new TextDecoder().decode(Uint8Array.from(atob(encoded), (char) => char.charCodeAt(0))));
  } catch {
    return undefined; // reported by name; what is in it stays in it
  }
}

/** The node's own configuration: the first of `files` that exists. */
export class NodeKeyring {
  #cached: { file: string; version: string; keyring: Keyring } | undefined;

  constructor(readonly files: readonly string[], readonly onProblem: (file: string, err: unknown) => void = () => {}) {}

  /** Looked up before each pull: one stat where nothing changed. */
  get(): Keyring {
    for (const file of this.files) {
      let stat: Deno.FileInfo;
      try {
        stat = Deno.statSync(file);
      } catch {
        continue;
      }
      const version = `${stat.mtime?.getTime()} ${stat.size} ${stat.ino}`;
      if (this.#cached?.file === file && this.#cached.version === version) return this.#cached.keyring;
      let keyring: Keyring = [];
      try {
        keyring = parseDockerConfig(Deno.readTextFileSync(file));
      } catch (err) {
        this.onProblem(file, err);
      }
      this.#cached = { file, version, keyring };
      return keyring;
    }
    return [];
  }
}
