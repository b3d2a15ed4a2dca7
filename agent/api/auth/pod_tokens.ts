/**
 * The tokens in pods' volumes, as kubelet keeps them: one for each pod, audience and life, renewed when four fifths of
 * its life or a day have gone. One timer serves them all.
 */
import type { Clock } from "../../clock.ts";
import type { Logger } from "../../telemetry/log.ts";
import type { AccountLookup } from "./service_account.ts";
import { type AccountToken, type AccountTokensDeps, issueAccountToken } from "./account_tokens.ts";

interface PodOf {
  metadata: { name: string; namespace?: string; uid?: string };
  spec: { serviceAccountName?: string };
}

export interface PodTokensOptions extends Omit<AccountTokensDeps, "now"> {
  accounts: AccountLookup;
  clock: Clock;
  log: Logger;
  /** A token of the pod is due: its volumes are to be looked at. */
  onDue(uid: string): void;
  /** Whether there is such a pod still. */
  exists(uid: string): boolean;
}

export interface PodTokenRequest {
  audience?: string;
  expirationSeconds: number;
}

interface Held {
  uid: string;
  /** The account that it is for. */
  account: string | undefined;
  token: AccountToken;
  /** Monotonic ms at which it is to be another. */
  due: number;
  /** Wall-clock ms at which it was given. */
  given: number;
}

const dayMs = 24 * 3600 * 1000;
/** After a failure, while the token that is there still holds. */
const retryMs = 30_000;

export class PodTokens {
  readonly #options: PodTokensOptions;
  readonly #held = new Map<string, Held>();
  #cancel?: () => void;

  constructor(options: PodTokensOptions) {
    this.#options = options;
  }

  /** The token for one source of a pod's volume; the same until it is due. */
  async token(pod: PodOf, request: PodTokenRequest): Promise<string> {
    const { clock, log } = this.#options;
    const { uid = "", namespace = "default", name } = pod.metadata;
    const serviceAccount = pod.spec.serviceAccountName || "default";
    const key = `${uid} ${request.expirationSeconds} ${request.audience ?? ""}`;
    const held = this.#held.get(key);
    const account = this.#options.accounts.get("ServiceAccount", namespace, serviceAccount)?.metadata.uid;
    const same = held?.account === account;
    if (held && same && clock.mono() < held.due && !this.#isStrange(held)) return held.token.token;
    try {
      const token = await issueAccountToken(
        { ...this.#options, now: () => clock.now() },
        namespace,
        serviceAccount,
        {
          audiences: request.audience ? [request.audience] : undefined,
          expirationSeconds: request.expirationSeconds,
          boundObjectRef: { kind: "Pod", apiVersion: "v1", name, uid },
        },
      );
      const life = Math.min(token.expires - clock.now(), request.expirationSeconds * 1000) * 0.8;
      this.#held.set(key, { uid, account, token, due: clock.mono() + Math.min(life, dayMs), given: clock.now() });
      this.#arm();
      return token.token;
    } catch (err) {
      if (!held || !same || held.token.expires <= clock.now()) throw err;
      log.warn("Cannot renew a ServiceAccount's token; the one that is there holds on", {
        pod: `${namespace}/${name}`,
        err,
      });
      held.due = clock.mono() + retryMs;
      this.#arm();
      return held.token.token;
    }
  }

  /** The wall clock was set: tokens that it makes void are replaced at once. */
  clockStepped(): void {
    for (const held of this.#held.values()) if (this.#isStrange(held)) held.due = this.#options.clock.mono();
    this.#arm();
  }

  stop(): void {
    this.#cancel?.();
  }

  /** Whether the wall clock lies before or beyond the token's life. */
  #isStrange({ token, given }: Held): boolean {
    const now = this.#options.clock.now();
    return now >= token.expires || now < given - 60_000;
  }

  #arm(): void {
    this.#cancel?.();
    const { clock, exists } = this.#options;
    for (const [key, { uid }] of this.#held) if (!exists(uid)) this.#held.delete(key);
    const next = Math.min(...[...this.#held.values()].map(({ due }) => due));
    if (next === Infinity) return;
    this.#cancel = clock.after(Math.max(0, next - clock.mono()), () => this.#wake());
  }

  #wake(): void {
    const { clock, onDue, exists } = this.#options;
    const now = clock.mono();
    const uids = new Set<string>();
    for (const held of this.#held.values()) {
      if (held.due > now || !exists(held.uid)) continue;
      uids.add(held.uid);
    }
    for (const uid of uids) onDue(uid);
    // who does not come for its new token is asked again later
    this.#cancel = this.#held.size > 0 ? clock.after(retryMs, () => this.#wake()) : undefined;
  }
}
