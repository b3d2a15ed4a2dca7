/** The node that is measured: the end-to-end tests' own, with what measuring needs on top. */
import { idle, pod } from "../support/pods.ts";
import { sleep, TestNode } from "../support/node.ts";

/** Pods are told apart by what they are for. */
export function podManifest(name: string, spec: Record<string, unknown> = {}): string {
  return JSON.stringify(pod(name, idle, spec));
}

/** A web server; with a readiness probe, if one is wanted. */
export function serverManifest(name: string, probed: boolean): string {
  const server = pod(name, "trap 'exit 0' TERM; echo ok > /tmp/index.html; httpd -f -p 8080 -h /tmp & wait");
  const readinessProbe = { httpGet: { path: "/", port: 8080 }, periodSeconds: 10, timeoutSeconds: 5 };
  if (probed) Object.assign(server.spec.containers[0], { readinessProbe });
  return JSON.stringify(server);
}

/** `prefix-0`, `prefix-1` … */
export function names(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${prefix}-${i}`);
}

export async function startNode(): Promise<TestNode> {
  return await TestNode.start({ flags: ["--log-level", "info"], config: undefined });
}

/** Milliseconds from starting islet to its first good /healthz. */
export async function launch(node: TestNode): Promise<{ began: number; healthyMs: number }> {
  const began = Date.now();
  node.launchIslet();
  for (;;) {
    const answer = await node.api("/healthz").catch(() => undefined);
    if (answer?.ok && await answer.text() === "ok") return { began, healthyMs: Date.now() - began };
    await answer?.body?.cancel();
    if (Date.now() - began > 30_000) throw new Error(`islet does not become healthy\n${node.logTail()}`);
    await sleep(2);
  }
}

/** Ends containerd; its containers run on. */
export async function endContainerd(node: TestNode): Promise<void> {
  const pid = node.containerdPid;
  Deno.kill(pid, "SIGTERM");
  await node.until("containerd has ended", () => !alive(pid), { everyMs: 10 });
}

function alive(pid: number): boolean {
  try {
    return !/^State:\s*Z/m.test(Deno.readTextFileSync(`/proc/${pid}/status`));
  } catch {
    return false;
  }
}

/** Wall-clock milliseconds at which the pods' containers had started, or undefined while one has not. */
export async function startTimes(node: TestNode, pods: readonly string[]): Promise<number[] | undefined> {
  const { containers } = await node.cri.runtime.listContainers({});
  const wanted = new Set(pods);
  const ids = containers.filter(({ labels }) => wanted.has(labels["io.kubernetes.pod.name"])).map(({ id }) => id);
  if (ids.length < pods.length) return undefined;
  const times = await Promise.all(ids.map(async (containerId) => {
    const { status } = await node.cri.runtime.containerStatus({ containerId });
    return Number((status?.startedAt ?? 0n) / 1000n) / 1000;
  }));
  return times.every((time) => time > 0) ? times : undefined;
}

/** Waits until the pods' containers have started, first `ms` without a look: looking costs what is being measured. */
export async function started(node: TestNode, pods: readonly string[], ms: number): Promise<number[]> {
  await sleep(ms);
  return await node.until("the pods' containers have started", () => startTimes(node, pods), {
    everyMs: 300,
    timeoutMs: 120_000,
  });
}

/** Removes the pods' manifests (files named for them), if they have any, and waits until nothing of them is left. */
export async function removePods(node: TestNode, pods: readonly string[], manifests = true): Promise<void> {
  const gone = new Set(pods);
  if (manifests) { for (const name of pods) node.remove(`${name}.yaml`); }
  await node.until("the pods are gone", async () => {
    const [rows, sandboxes] = await Promise.all([node.pods(), node.sandboxes()]);
    return !rows.some(({ metadata }) => gone.has(metadata.name!)) &&
      !sandboxes.some(({ labels }) => gone.has(labels["io.kubernetes.pod.name"]));
  }, { timeoutMs: 120_000, everyMs: 200 });
}
