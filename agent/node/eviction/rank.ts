/**
 * Which pod goes first. Pure. Source: Kubernetes "Node-pressure Eviction: Pod selection for kubelet eviction":
 *
 *     memory, ephemeral-storage   use beyond the request, then the lower priority, then the larger use beyond the request
 *     inodes                      the lower priority, then the larger use: nobody can request any
 *     pids                        the lower priority, then the larger number of processes
 *
 * A pod that holds nothing of what is short is no victim: its end would win nothing. Neither is a critical one.
 */
import type { Pod } from "../../objects/mod.ts";
import { podRequests } from "../../resources/mod.ts";
import { isCritical } from "../critical.ts";
import type { StarvedResource } from "./signals.ts";

/** A pod that may be ended, and what it holds of the resource that is short: bytes, inodes or processes. */
export interface Candidate {
  pod: Pod;
  used: number;
}

/** Victims in the order in which they go. */
export function rankPods<T extends Candidate>(candidates: readonly T[], resource: StarvedResource): T[] {
  const requested = resource === "memory" || resource === "ephemeral-storage";
  const ranked = candidates.filter(({ pod, used }) => used > 0 && !isCritical(pod)).map((candidate) => {
    const request = requested ? podRequests(candidate.pod)[resource] ?? 0 : 0;
    return { candidate, beyond: candidate.used - request, priority: candidate.pod.spec.priority ?? 0 };
  });
  ranked.sort((a, b) =>
    (requested ? Number(b.beyond > 0) - Number(a.beyond > 0) : 0) || a.priority - b.priority || b.beyond - a.beyond ||
    created(b.candidate.pod) - created(a.candidate.pod) || (name(a.candidate.pod) < name(b.candidate.pod) ? -1 : 1)
  );
  return ranked.map(({ candidate }) => candidate);
}

function created({ metadata }: Pod): number {
  return Date.parse(metadata.creationTimestamp ?? "") || 0;
}

function name({ metadata }: Pod): string {
  return `${metadata.namespace}/${metadata.name}`;
}
