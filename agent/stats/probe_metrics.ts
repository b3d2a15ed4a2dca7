/** `/metrics/probes`: what probes found, by container, under kubelet's names. */
import { probeDurationBounds, type TalliedProbe } from "../probes/mod.ts";
import { type Exposition, formatLabels, joinLabels } from "../telemetry/exposition.ts";

const typeNames = { startup: "Startup", liveness: "Liveness", readiness: "Readiness" } as const;

export function writeProbeMetrics(out: Exposition, probes: Iterable<TalliedProbe>): void {
  // what has not been tried yet has no series
  const tried = [...probes].flatMap(({ namespace, pod, podUid, container, type, tally }) => {
    const { durations } = tally;
    if (!durations) return [];
    const labels = { container, namespace, pod, probe_type: typeNames[type] };
    return [{ labels: formatLabels(labels), uid: formatLabels({ pod_uid: podUid }), tally, durations }];
  });
  if (tried.length === 0) return;
  out.family(
    "prober_probe_duration_seconds",
    "histogram",
    "[ALPHA] Duration in seconds for a probe response.",
  );
  for (const { labels, durations, tally } of tried) {
    out.histogram(labels, probeDurationBounds, durations, tally.seconds);
  }
  out.family(
    "prober_probe_total",
    "counter",
    "[BETA] Cumulative number of a liveness, readiness or startup probe for a container by result.",
  );
  for (const { labels, uid, tally } of tried) {
    for (const result of ["successful", "failed", "unknown"] as const) {
      // kubelet has a series from its first count on
      if (tally[result] > 0) out.sample(joinLabels(joinLabels(labels, uid), `result="${result}"`), tally[result]);
    }
  }
}
