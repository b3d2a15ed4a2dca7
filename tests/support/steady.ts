/**
 * Whether pods were left alone: what of a pod changes when it is restarted, replaced or loses its readiness, if only for a moment.
 */
import { deepEqual, ok } from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { isDeepStrictEqual } from "node:util";
import type { TestNode } from "./node.ts";
import { condition, container, isReady, type Pod, pod } from "./pods.ts";

/** Identity, containers, restarts, addresses and times of transitions. */
export function marks({ metadata, status }: Pod) {
  return {
    uid: metadata.uid,
    podIPs: status?.podIPs,
    startTime: status?.startTime,
    containers: [...status?.initContainerStatuses ?? [], ...status?.containerStatuses ?? []].map((
      { name, containerID, restartCount, ready, started },
    ) => ({ name, containerID, restartCount, ready, started })),
    readySince: condition(
      { metadata, status } as Pod,
      "Ready",
    )?.lastTransitionTime,
    containersReadySince: condition({ metadata, status } as Pod, "ContainersReady")?.lastTransitionTime,
  };
}

/** Remembers pods; the function that is returned throws when one of them is not as it was. */
export async function watchSteady(
  node: TestNode,
  names: string[],
): Promise<(options?: { times?: boolean }) => Promise<void>> {
  const before = new Map<string, ReturnType<typeof marks>>();
  for (const name of names) before.set(name, marks(await onDisk(node, name)));
  const unhealthy = new Set((await node.events()).filter(isUnhealthy).map(({ metadata }) => metadata.uid));
  return async ({ times = true } = {}) => {
    // A store that was lost does not know since when
    const seen = ({ startTime, readySince, containersReadySince, ...rest }: ReturnType<typeof marks>) =>
      times ? { startTime, readySince, containersReadySince, ...rest } : rest;
    for (const [name, marksBefore] of before) {
      const now = await node.pod(name);
      ok(now, `pod ${name} is gone\n${node.logTail()}`);
      deepEqual(seen(marks(now)), seen(marksBefore), `pod ${name} was touched\n${node.logTail(50, `/${name}`)}`);
    }
    const flips = (await node.events()).filter((event) =>
      isUnhealthy(event) && before.has(event.involvedObject.name!) && !unhealthy.has(event.metadata.uid)
    );
    deepEqual(flips.map(({ message }) => message), []);
  };
}

/** A pod as wanted, with a status that a power cut keeps. */
export async function onDisk(
  node: TestNode,
  name: string,
  what = "is ready",
  wanted: (pod: Pod) => unknown = isReady,
): Promise<Pod> {
  return await node.podUntil(
    name,
    `${what}, and that is on disk`,
    (pod) => wanted(pod) && isDeepStrictEqual(storedStatus(node, name), pod.status),
  );
}

/** A pod's status in the database, which islet keeps for itself: that of a copy. */
function storedStatus(node: TestNode, name: string): unknown {
  const dir = Deno.makeTempDirSync({ prefix: "islet-e2e-store-" });
  try {
    const copy = join(dir, "state.db");
    for (const part of ["-wal", ""]) Deno.copyFileSync(join(node.rootDir, `state.db${part}`), copy + part);
    using database = new DatabaseSync(copy);
    const row = database.prepare(
      "SELECT status FROM objects JOIN statuses USING (id) WHERE kind = 'Pod' AND namespace = 'default' AND name = ?",
    ).get(name);
    return row && JSON.parse(String(row.status));
  } catch {
    return undefined; // it was written meanwhile: the next look is better
  } finally {
    Deno.removeSync(dir, { recursive: true });
  }
}

const isUnhealthy = ({ reason }: { reason: string }) => reason === "Unhealthy";

/** A web server that is probed every second and writes down when. */
export function probed(name: string) {
  const server = container("main", "echo up > /tmp/index.html; exec httpd -f -vv -p 8080 -h /tmp", {
    readinessProbe: { httpGet: { path: "/index.html", port: 8080 }, periodSeconds: 1 },
  });
  return pod(name, server);
}

/** Times of the probes since `since` (ms), from the web server's log. */
export function probeTimes(node: TestNode, pod: Pod, since: number): number[] {
  const text = Deno.readTextFileSync(`${node.logDirectory(pod, "main")}/0.log`);
  return text.split("\n").filter((line) => line.includes("url:/index.html"))
    .map((line) => Date.parse(line.slice(0, line.indexOf(" ")).replace(/(\.\d{3})\d*/, "$1")))
    .filter((time) => time >= since);
}

/** The longest time between two probes of a pod since `since`, ms; Infinity when there were none. */
export function longestGap(node: TestNode, pod: Pod, since: number): number {
  const times = [since, ...probeTimes(node, pod, since), Date.now()];
  if (times.length === 2) return Infinity;
  return Math.max(...times.slice(1).map((time, at) => time - times[at]));
}
