/** Kills for want of memory outside of pods, wired: from the kernel's log to events of the node. */
import { KernelLog } from "../linux/mod.ts";
import { isOfPod, oomKill, systemOomMessage, systemOomReason } from "../node/mod.ts";
import type { EventRecorder } from "../telemetry/events.ts";
import type { Logger } from "../telemetry/log.ts";

export interface SystemOomOptions {
  config: { nodeName: string };
  events: EventRecorder;
  log: Logger;
  /** The kernel's log. */
  path?: string;
}

/** Begins with what the kernel says from now on; the returned function ends it. */
export function watchSystemOom({ config: { nodeName }, events, log, path }: SystemOomOptions): () => Promise<void> {
  const untold = "Processes outside of pods that are killed for want of memory are not told of";
  try {
    const kernel = new KernelLog({
      ...(path === undefined ? {} : { path }),
      onMessage({ facility, text }) {
        const kill = facility === 0 ? oomKill(text) : undefined;
        if (!kill || kill.cgroup !== undefined && isOfPod(kill.cgroup)) return;
        const message = systemOomMessage(kill);
        log.warn(message, kill.cgroup === undefined ? {} : { cgroup: kill.cgroup });
        // kubelet refers to nodes by their name in the place of the UID
        events.event({ kind: "Node", name: nodeName, uid: nodeName }, "Warning", systemOomReason, message);
      },
      onEnd: (err) => log.warn(untold, { err }),
    });
    return () => kernel.stop();
  } catch (err) {
    log.info(untold, { err });
    return () => Promise.resolve();
  }
}
