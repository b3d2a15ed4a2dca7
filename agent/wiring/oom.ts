/**
 * OOM kills inside containers, wired: containerd tells of each, other runtimes do not, and there the kernel's counters are
 * read with every relist.
 */
import { type CgroupFs, oomKills } from "../../cgroups/mod.ts";
import { oomMessage, oomReason, OomWatch } from "../node/mod.ts";
import type { Pod } from "../objects/mod.ts";
import type { PodObserver } from "../observed/observer.ts";
import { containerField } from "../pods/pod_events.ts";
import { type CgroupPathOptions, podCgroup } from "../resources/mod.ts";
import { containerCgroup } from "../stats/targets.ts";
import type { EventRecorder } from "../telemetry/events.ts";

export interface OomWatchParts {
  cgroups: CgroupFs;
  cgroupPaths: CgroupPathOptions;
  runtimeName(): string;
  /** A pod of this node that has not ended. */
  pod(uid: string): Pod | undefined;
  events: EventRecorder;
}

/** Begins with what the observer shows. */
export function watchOom(observer: PodObserver, parts: OomWatchParts): void {
  const { cgroups, cgroupPaths, runtimeName, pod, events } = parts;
  const watch = new OomWatch({
    kills({ id, podUid }) {
      const of = pod(podUid);
      return of &&
        oomKills(cgroups, containerCgroup(podCgroup(of, cgroupPaths), id, cgroupPaths.driver, runtimeName()));
    },
    tell({ podUid, name: container }, kills) {
      const of = pod(podUid);
      if (!of) return;
      const { namespace, name, uid } = of.metadata;
      const about = { kind: "Pod", namespace, name, uid, fieldPath: containerField(of, container) };
      events.event(about, "Warning", oomReason, oomMessage(container, kills));
    },
  });
  /** Looked at again: the kernel tells before it has killed and counted, and perhaps before anybody knows the container. */
  const suspects = new Set<string>();
  const all = () => observer.uids().flatMap((uid) => observer.get(uid)?.containers ?? []);
  watch.adopt(all());
  observer.onOom.add((id) => {
    suspects.add(id);
    const container = all().find((each) => each.id === id);
    if (container) watch.look(container);
  });
  observer.onRelisted.add(() => {
    const containers = all();
    for (const container of containers) {
      if (!observer.tellsOom || suspects.has(container.id)) watch.look(container);
    }
    suspects.clear();
    watch.retain(new Set(containers.map(({ id }) => id)));
  });
}
