/** What pods and the node use, as `kubectl top` reads it (`metrics.k8s.io/v1beta1`). */
import { define, defineKind, lazily, mapList, neededText, resourceList, time, type z } from "./schema.ts";
import { objectMeta } from "./meta.ts";

const apiVersion = "metrics.k8s.io/v1beta1";

export const podMetricsSchema = lazily(() =>
  defineKind(apiVersion, "PodMetrics", {
    metadata: objectMeta(),
    timestamp: time,
    window: neededText,
    containers: mapList(define("metrics.v1beta1.ContainerMetrics", { name: neededText, usage: resourceList }), "name"),
  })
);
export interface PodMetrics extends z.infer<ReturnType<typeof podMetricsSchema>> {}

export const nodeMetricsSchema = lazily(() =>
  defineKind(apiVersion, "NodeMetrics", {
    metadata: objectMeta(),
    timestamp: time,
    window: neededText,
    usage: resourceList,
  })
);
export interface NodeMetrics extends z.infer<ReturnType<typeof nodeMetricsSchema>> {}
