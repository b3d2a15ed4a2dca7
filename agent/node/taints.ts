/** Taints and tolerations. On the node itself only NoExecute taints matter: the others are for schedulers. */
import type { Toleration } from "../objects/mod.ts";

export interface Taint {
  key: string;
  value?: string;
  effect: string;
}

/** The first NoExecute taint that none of the tolerations covers. */
export function untoleratedTaint(taints: readonly Taint[], tolerations: readonly Toleration[]): Taint | undefined {
  return taints.find((taint) => taint.effect === "NoExecute" && !tolerations.some((each) => tolerates(each, taint)));
}

/** Does one toleration cover this taint? Empty key and effect stand for all. */
export function tolerates(toleration: Toleration, taint: Taint): boolean {
  const { key, effect, operator, value = "" } = toleration;
  if (effect && effect !== taint.effect) return false;
  if (key && key !== taint.key) return false;
  switch (operator ?? "Equal") {
    case "Exists":
      return true;
    case "Equal":
      return !!key && value === (taint.value ?? "");
    case "Gt":
      return numbers(taint.value, value, (have, than) => have > than);
    case "Lt":
      return numbers(taint.value, value, (have, than) => have < than);
    default:
      return false;
  }
}

function numbers(have: string | undefined, than: string, test: (have: bigint, than: bigint) => boolean): boolean {
  const whole = /^-?\d+$/;
  return have !== undefined && whole.test(have) && whole.test(than) && test(BigInt(have), BigInt(than));
}
