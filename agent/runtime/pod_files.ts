/**
 * Where a pod's files are on the node, laid out as kubelet does (logs: `logs/paths.ts`), and the mounts that every container gets: /etc/hosts and
 * the file for its last words.
 *
 * ```
 *   <rootDir>/pods/<uid>/etc-hosts
 *   <rootDir>/pods/<uid>/containers/<container>/<attempt>        termination message
 * ```
 */
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { MountSchema } from "../../cri/mod.ts";
import { podLogDirectory as logDirectoryOf } from "../logs/mod.ts";
import type { Container, Pod } from "../objects/mod.ts";
import { namespaceOf } from "./labels.ts";

/** A mount as the runtime takes it. */
export type CriMount = MessageInitShape<typeof MountSchema>;

/** The pod's directory of logs. */
export function podLogDirectory(pod: Pod, podLogsDir: string): string {
  const { name, uid = "" } = pod.metadata;
  return logDirectoryOf(podLogsDir, { namespace: namespaceOf(pod), name, uid });
}

/** The pod's directory of volumes and files. */
export function podDirectory(rootDir: string, uid: string): string {
  return `${rootDir}/pods/${uid}`;
}

/** The file that is the pod's /etc/hosts. */
export function hostsPath(podDir: string): string {
  return `${podDir}/etc-hosts`;
}

/** The file that a container's termination message goes to: one for each attempt, so that the last one's stays. */
export function terminationLogPath(podDir: string, container: string, attempt: number): string {
  return `${podDir}/containers/${container}/${attempt}`;
}

/** The mount of the pod's /etc/hosts; undefined where the container mounts one of its own. */
export function hostsMount(container: Pick<Container, "volumeMounts">, podDir: string): CriMount | undefined {
  if (container.volumeMounts?.some(({ mountPath }) => clean(mountPath) === "/etc/hosts")) return undefined;
  return { hostPath: hostsPath(podDir), containerPath: "/etc/hosts", selinuxRelabel: true };
}

/** The mount of the termination message; undefined where the container has no path for it. */
export function terminationLogMount(
  container: Pick<Container, "name" | "terminationMessagePath">,
  podDir: string,
  attempt: number,
): CriMount | undefined {
  const path = container.terminationMessagePath;
  if (!path) return undefined;
  return { hostPath: terminationLogPath(podDir, container.name, attempt), containerPath: path, selinuxRelabel: true };
}

function clean(path: string): string {
  return "/" + path.split("/").filter((part) => part !== "" && part !== ".").join("/");
}
