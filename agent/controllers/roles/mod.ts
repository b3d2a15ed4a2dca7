/**
 * ClusterRoles with an aggregationRule: their rules are those of the ClusterRoles that its selectors choose, kept so as these
 * come, change and go. A role that aggregates may be chosen by another in turn; each round goes one step.
 */
import { isDeepStrictEqual } from "node:util";
import type { Clock } from "../../clock.ts";
import type { ClusterRole } from "../../objects/mod.ts";
import type { Store, StoreEvent } from "../../store/mod.ts";
import type { Logger } from "../../telemetry/log.ts";
import { Controller } from "../controller.ts";
import { selectsLabels } from "../label_selector.ts";

type Rules = NonNullable<ClusterRole["rules"]>;

export interface RoleAggregationOptions {
  store: Pick<Store, "list" | "watch" | "change">;
  clock: Clock;
  log: Logger;
}

const realm = "local";
const kind = "ClusterRole";

export class RoleAggregation extends Controller {
  readonly #options: RoleAggregationOptions;

  constructor(options: RoleAggregationOptions) {
    super({ ...options, name: "role aggregation", stores: [options.store] });
    this.#options = options;
  }

  protected override matters({ object }: StoreEvent): boolean {
    return object.kind === kind;
  }

  protected override async round(): Promise<void> {
    const { store } = this.#options;
    const roles = store.list<ClusterRole>(kind, { realm }).map(({ object }) => object);
    for (const [name, rules] of planAggregation(roles)) {
      await store.change<ClusterRole>(realm, kind, "", name, (current) => current && { ...current, rules });
    }
  }
}

/** The rules that roles are to get, by name; roles that have them already are left out. Pure. */
export function planAggregation(roles: readonly ClusterRole[]): Map<string, Rules> {
  const byName = [...roles].sort((a, b) => a.metadata.name < b.metadata.name ? -1 : 1);
  const changes = new Map<string, Rules>();
  for (const role of roles) {
    const { metadata: { name }, aggregationRule, rules: before = [] } = role;
    if (!aggregationRule) continue;
    const rules: Rules = [];
    for (const selector of aggregationRule.clusterRoleSelectors ?? []) {
      for (const other of byName) {
        if (other === role || !selectsLabels(selector, other.metadata.labels)) continue;
        for (const rule of other.rules ?? []) {
          if (!rules.some((known) => isDeepStrictEqual(known, rule))) rules.push(rule);
        }
      }
    }
    if (!isDeepStrictEqual(rules, before)) changes.set(name, rules);
  }
  return changes;
}
