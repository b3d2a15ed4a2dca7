/** Test nodes that have little of something: a cgroup of their own with limits, a small disk. */
import { detect } from "../../cgroups/mod.ts";
import type { TestNode } from "./node.ts";

export interface NodeLimits {
  memoryBytes?: number;
  pids?: number;
}

/** For `prepare`: gives the node's own cgroup limits, which are then the node's capacity. */
export function limited({ memoryBytes, pids }: NodeLimits): (node: TestNode) => Promise<void> {
  return async ({ cgroup }) => {
    await detect().create(`/${cgroup}`, {
      ...(memoryBytes === undefined ? {} : { memoryBytes }),
      ...(pids === undefined ? {} : { pidsMax: pids }),
    });
  };
}

/** MiB and inodes that are left of the file system that a path inside the node is on. */
export async function free(node: TestNode, path: string): Promise<{ mebibytes: number; inodes: number }> {
  const { stdout } = await node.inside("stat", "-f", "-c", "%a %S %d", path);
  const [blocks, size, inodes] = stdout.trim().split(" ").map(Number);
  return { mebibytes: blocks * size / 2 ** 20, inodes };
}

/** Takes so much of the file system that a directory inside the node is on that so many MiB are left of it. */
export async function fillTo(node: TestNode, directory: string, mebibytes: number): Promise<void> {
  const bytes = Math.ceil(((await free(node, directory)).mebibytes - mebibytes) * 2 ** 20);
  const { code, stderr } = await node.inside("sh", "-c", `head -c ${bytes} /dev/zero >> ${directory}/filler`);
  if (code !== 0) throw new Error(`Cannot fill the disk of ${directory}: ${stderr}`);
}

/**
 * Leaves `by` MiB less of a disk than the threshold of so many MiB, and waits until the node has won back enough, which with a
 * transition period of a few seconds it says soon.
 */
export async function starve(
  node: TestNode,
  { directory, threshold, by }: { directory: string; threshold: number; by: number },
): Promise<void> {
  const before = node.log().length;
  await fillTo(node, directory, threshold - by);
  for (const text of ["The node is short of something", "The node is no longer short of it"]) {
    await node.until(`islet says: ${text}`, () => node.log().slice(before).includes(text));
  }
}

/** Names of pods in the order in which they were evicted. */
export async function evicted(node: TestNode): Promise<string[]> {
  const all = (await node.events()).filter(({ reason, message, involvedObject }) =>
    // who was not let in is told so with the same reason
    reason === "Evicted" && involvedObject.kind === "Pod" && !message.startsWith("The node had condition")
  );
  all.sort((a, b) => Number(a.metadata.resourceVersion) - Number(b.metadata.resourceVersion));
  return all.map(({ involvedObject }) => involvedObject.name);
}
