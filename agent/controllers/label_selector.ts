/** metav1.LabelSelector against labels. Pure. */
import type { LabelSelector } from "../objects/mod.ts";

export type Labels = Readonly<Record<string, string>>;

/** No selector selects nothing, an empty one everything. */
export function selectsLabels(selector: LabelSelector | undefined, labels: Labels = {}): boolean {
  if (!selector) return false;
  const { matchLabels = {}, matchExpressions = [] } = selector;
  const value = (key: string) => Object.hasOwn(labels, key) ? labels[key] : undefined;
  return Object.entries(matchLabels).every(([key, wanted]) => value(key) === wanted) &&
    matchExpressions.every(({ key, operator, values = [] }) => {
      const have = value(key);
      switch (operator) {
        case "In":
          return have !== undefined && values.includes(have);
        case "NotIn":
          return have === undefined || !values.includes(have);
        case "Exists":
          return have !== undefined;
        case "DoesNotExist":
          return have === undefined;
        default:
          return false;
      }
    });
}
