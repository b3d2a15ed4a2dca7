/** What the tests of this room share: a pod to change, objects to refer to, a directory that cleans up after itself. */
import type { Pod } from "../objects/mod.ts";
import { loadLibc, readMounts, unmount } from "../linux/mod.ts";
import type { DownwardContext } from "../runtime/mod.ts";
import { silentLogger } from "../telemetry/log.ts";
import { VolumeManager } from "./manager.ts";
import type { VolumeManagerOptions } from "./options.ts";

loadLibc();

export const notRoot = Deno.uid() !== 0;

export const facts: DownwardContext = {
  nodeName: "edge-1",
  hostIPs: ["192.0.2.1"],
  podIPs: ["10.244.0.5"],
  allocatable: { cpu: 2000, memory: 512 * 2 ** 20 },
};

// deno-lint-ignore no-explicit-any -- objects in the shape of manifests, of which the types ask every detail
export type Loose = any;

/** A pod whose one container mounts each of `volumes` at /<name>. */
export function podWith(volumes: Loose[], change: { spec?: Loose; metadata?: Loose; mounts?: Loose[] } = {}): Pod {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "web", namespace: "shop", uid: "uid-1", labels: { app: "web" }, ...change.metadata },
    spec: {
      volumes,
      containers: [{
        name: "main",
        image: "busybox",
        terminationMessagePath: "/dev/termination-log",
        volumeMounts: change.mounts ?? volumes.map(({ name }) => ({ name, mountPath: `/${name}` })),
      }],
      ...change.spec,
    },
  } as unknown as Pod;
}

/** A directory that is gone afterwards, with everything mounted in it. */
export async function inDirectory(work: (dir: string) => void | Promise<void>): Promise<void> {
  const dir = await Deno.realPath(await Deno.makeTempDir({ prefix: "islet-volumes-" }));
  try {
    await work(dir);
  } finally {
    const mounts = readMounts().filter(({ target }) => target.startsWith(dir + "/")).reverse();
    for (const { target } of mounts) unmount(target, { detach: true });
    await Deno.remove(dir, { recursive: true });
  }
}

/** A manager whose objects are those of `objects`, by `Kind/name`. */
export function managerIn(
  dir: string,
  objects: Record<string, Loose> = {},
  options: Partial<VolumeManagerOptions> = {},
): VolumeManager {
  return new VolumeManager({
    podsDir: `${dir}/pods`,
    resolve: (kind, namespace, name) =>
      namespace === (kind === "PersistentVolume" ? "" : "shop") ? objects[`${kind}/${name}`] : undefined,
    facts: () => facts,
    log: silentLogger,
    ...options,
  });
}
