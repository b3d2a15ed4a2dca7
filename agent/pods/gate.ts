/**
 * Which pods may run on the node, and which may have more than they have. Everything is decided anew each time: pods that
 * were rejected for want of room, and resizes that were put off, get another chance when something is given back.
 */
import type { Pod } from "../objects/mod.ts";
import { podRequests, qosClass } from "../resources/mod.ts";
import type { Verdict } from "./worker/intents.ts";
import type { ResizeRefusal } from "./types.ts";
import { rejected } from "./status/pod_status.ts";
import type { PodWorker } from "./worker/worker.ts";

/** What was decided on a pod; undefined: it may run. `later`: it waits until others have made room for it. */
export type Admission = Verdict | "later" | undefined;

export interface GateOptions {
  /** Decides on all pods at once. */
  admit(pods: readonly AdmissionPod[]): ReadonlyMap<string, Admission>;
  /** Whether a pod may have what its spec asks for instead of what it has, beside `others`; undefined: it may. */
  admitResize(pod: Pod, others: readonly Pod[]): ResizeRefusal | undefined;
  /** A pod was turned away for a reason that it has not been told yet. */
  refused(pod: Pod, verdict: Verdict): void;
  /** There is room again for a pod that others had displaced. */
  comesBack(pod: Pod): void;
}

/** A pod as admission sees it. */
export interface AdmissionPod {
  /** With what it was granted. */
  pod: Pod;
  /** It has containers already, or was admitted before: it is never failed by admission. */
  running: boolean;
  /** It is on its way out. */
  ending: boolean;
}

/** A pod that wants to run, or does. */
export interface Candidate {
  worker: PodWorker;
  /** It was let in, or is there already. */
  admitted: boolean;
  /** It has ended because it was displaced, and is to come back when there is room. */
  displaced: boolean;
}

export class Gate {
  readonly #options: GateOptions;
  #verdicts = new Map<string, Verdict>();
  #waits = false;
  #postponed = false;

  constructor(options: GateOptions) {
    this.#options = options;
  }

  /** Somebody waits for room. */
  get holdsBack(): boolean {
    return this.#verdicts.size > 0 || this.#postponed || this.#waits;
  }

  /** The pod is gone. */
  forget(uid: string): void {
    this.#verdicts.delete(uid);
  }

  /** Decides on all of them; running pods come before those that wait to be let in. */
  decide(candidates: readonly Candidate[]): void {
    this.#resize(candidates);
    const verdicts = this.#options.admit(
      candidates.map(({ worker, admitted }) => {
        const { deletionTimestamp } = worker.pod.metadata;
        return {
          pod: worker.allocatedPod,
          running: admitted,
          ending: Boolean(deletionTimestamp) || worker.displaced,
        };
      }),
    );
    this.#waits = false;
    for (const candidate of candidates) {
      const { worker } = candidate;
      const { uid, deletionTimestamp } = worker.pod.metadata;
      const verdict = verdicts.get(uid!);
      if (candidate.displaced) {
        if (verdict !== undefined) this.#waits = true;
        else if (!deletionTimestamp) this.#options.comesBack(worker.pod);
        continue;
      }
      // that it has to go is not taken back
      if (deletionTimestamp || worker.displaced) continue;
      worker.hold(verdict === "later");
      if (verdict === "later") {
        this.#waits = true;
        if (this.#verdicts.delete(uid!) || worker.turnedAway) worker.end(undefined);
        continue;
      }
      if (verdict && candidate.admitted) {
        this.#options.refused(worker.pod, verdict);
        worker.end(verdict);
        continue;
      }
      candidate.admitted = verdict === undefined;
      if (candidate.admitted && !worker.wantsResize) worker.allocate();
      const before = this.#verdicts.get(uid!);
      if (verdict) {
        if (verdict.reason === before?.reason && verdict.message === before.message) continue;
        this.#verdicts.set(uid!, verdict);
        this.#options.refused(worker.pod, verdict);
        worker.end({ reason: verdict.reason, message: rejected + verdict.message });
      } else if (this.#verdicts.delete(uid!) || worker.turnedAway) {
        worker.end(undefined);
      }
    }
  }

  /** Grants resizes, those that give something back first. */
  #resize(candidates: readonly Candidate[]): void {
    this.#postponed = false;
    const wanting = candidates.filter(({ worker, admitted }) =>
      worker.wantsResize && admitted && !worker.pod.metadata.deletionTimestamp
    );
    for (const { worker } of wanting.sort(resizeOrder)) {
      const others = candidates.filter((other) => other.worker !== worker && other.admitted);
      const refusal = this.#options.admitResize(worker.pod, others.map(({ worker }) => worker.allocatedPod));
      if (!refusal) {
        worker.allocate();
        continue;
      }
      worker.postpone(refusal);
      this.#postponed ||= refusal.reason === "Deferred";
    }
  }
}

const classes = ["Guaranteed", "Burstable", "BestEffort"];

/** KEP-1287: what asks for no more first, then by priority, then by class; the longest there first. */
function resizeOrder(a: Candidate, b: Candidate): number {
  const more = ({ worker: { pod, allocatedPod } }: Candidate) => {
    const now = podRequests(allocatedPod);
    return Object.entries(podRequests(pod)).some(([name, amount]) => amount > (now[name] ?? 0)) ? 1 : 0;
  };
  const priority = ({ worker: { pod } }: Candidate) => pod.spec.priority ?? 0;
  const rank = ({ worker: { pod } }: Candidate) => classes.indexOf(qosClass(pod));
  return more(a) - more(b) || priority(b) - priority(a) || rank(a) - rank(b);
}
