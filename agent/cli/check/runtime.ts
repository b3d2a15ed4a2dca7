/** What the container runtime says of itself, and whose pods it holds. */
import { join } from "node:path";
import type { NodeConfig } from "../../config/mod.ts";
import { containerdPaths } from "../../runtime/containerd/mod.ts";
import { ownerLabel, podUidLabel } from "../../runtime/labels.ts";

export type RuntimeFacts =
  | { state: "absent"; endpoint: string }
  | { state: "silent"; endpoint: string; error: string }
  | {
    state: "answers";
    endpoint: string;
    name: string;
    version: string;
    /** Of RuntimeReady and NetworkReady: those that are not. */
    unready: { type: string; message: string }[];
    /** Pods that are not this node's: `namespace/name`. */
    foreign: string[];
  };

const patienceMs = 3000;

/** Asks the runtime; a managed one that was never started is absent. */
export async function runtimeFacts({ runtime, rootDir, runDir }: NodeConfig): Promise<RuntimeFacts> {
  const endpoint = runtime.mode === "external"
    ? runtime.endpoint
    : `unix://${containerdPaths(rootDir, { runDir }).socket}`;
  const path = endpoint.replace(/^[a-z+-]+:(\/\/)?/, "");
  if (runtime.mode === "managed" && !isSocket(path)) return { state: "absent", endpoint };
  const { connectCri } = await import("../../../cri/mod.ts");
  const cri = connectCri(endpoint);
  const options = { timeoutMs: patienceMs };
  try {
    const [{ runtimeName, runtimeVersion }, { status }, { items }] = await Promise.all([
      cri.runtime.version({}, options),
      cri.runtime.status({}, options),
      cri.runtime.listPodSandbox({}, options),
    ]);
    const owner = ownOwner(rootDir);
    return {
      state: "answers",
      endpoint,
      name: runtimeName,
      version: runtimeVersion,
      unready: (status?.conditions ?? []).filter(({ status }) => !status)
        .map(({ type, reason, message }) => ({ type, message: message || reason })),
      foreign: items.filter(({ labels }) => labels[podUidLabel] && (!owner || labels[ownerLabel] !== owner))
        .map(({ metadata }) => `${metadata?.namespace}/${metadata?.name}`),
    };
  } catch (err) {
    return { state: "silent", endpoint, error: (err as Error).message };
  } finally {
    cri.close();
  }
}

function ownOwner(rootDir: string): string {
  try {
    return Deno.readTextFileSync(join(rootDir, "owner")).trim();
  } catch {
    return "";
  }
}

function isSocket(path: string): boolean {
  try {
    return Deno.statSync(path).isSocket ?? false;
  } catch {
    return false;
  }
}
