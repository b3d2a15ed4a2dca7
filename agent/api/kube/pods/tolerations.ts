/** What kube-apiserver's DefaultTolerationSeconds plugin makes of a new pod: five minutes on a node that is not ready. */
import type { Pod } from "../../../objects/mod.ts";

const seconds = 300;
const taints = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"];

export function addDefaultTolerations({ spec }: Pod): void {
  const own = spec.tolerations ?? [];
  const missing = taints.filter((taint) =>
    !own.some(({ key, effect }) => (!key || key === taint) && (!effect || effect === "NoExecute"))
  );
  if (missing.length === 0) return;
  spec.tolerations = [
    ...own,
    ...missing.map((key) => ({ key, operator: "Exists", effect: "NoExecute", tolerationSeconds: seconds }) as const),
  ];
}
