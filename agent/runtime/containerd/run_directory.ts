/**
 * Whose a run directory is. Two nodes in one would take each other's socket and containers away; a node that is given
 * another while its containers run would lose sight of them and start them a second time.
 */
import { dirname, join } from "node:path";
import type { ContainerdPaths } from "./config.ts";
import { findProcess } from "./process.ts";

/** Throws when another node's containerd runs in this directory, or when this node's containers run in another. */
export function claimRunDirectory({ config, state, pid }: ContainerdPaths): void {
  const runDir = dirname(state);
  const other = findProcess(pid, (args) => {
    const file = configOf(args);
    return file !== undefined && file !== config && stateOf(file) === state;
  });
  if (other) {
    throw new Error(
      `Cannot use the run directory ${runDir}: containerd of another node runs there (process ${other.pid}); ` +
        "give each node one of its own",
    );
  }
  const before = stateOf(config);
  if (before !== undefined && before !== state && hasTasks(before)) {
    throw new Error(
      `Cannot use the run directory ${runDir}: this node's containers run in ${dirname(before)}; ` +
        "stay with that one until they have ended or the machine starts anew",
    );
  }
}

/** The configuration file of a containerd that these are the arguments of. */
export function configOf(args: readonly string[]): string | undefined {
  return args[0]?.split("/").at(-1) === "containerd" ? args[args.indexOf("--config") + 1] : undefined;
}

/** The state directory that a configuration of ours names. */
function stateOf(config: string): string | undefined {
  try {
    return /^state = "([^"]+)"$/m.exec(Deno.readTextFileSync(config))?.[1];
  } catch {
    return undefined;
  }
}

/** containerd 1.x and 2.x keep a directory for each task here. */
function hasTasks(state: string): boolean {
  try {
    return [...Deno.readDirSync(join(state, "io.containerd.runtime.v2.task/k8s.io"))].length > 0;
  } catch {
    return false;
  }
}
