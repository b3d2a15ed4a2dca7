/**
 * metrics.k8s.io: what `kubectl top` shows, as metrics-server would. Computed from the last two looks at the cgroups; a
 * pod is there when all of its running containers have been looked at twice.
 */
import { timestamp } from "../../../clock.ts";
import { formatDuration } from "../../../duration.ts";
import { formatQuantity, parseQuantity } from "../../../objects/mod.ts";
import { nodeKey, type NodeUsage, type PodTarget, type Rate } from "../../../stats/mod.ts";
import type { AppDeps } from "../../deps.ts";
import { ApiError } from "../../status.ts";
import type { ApiObject, Backend, Printer, Resource } from "../types.ts";

const group = "metrics.k8s.io";
const version = "v1beta1";
const apiVersion = `${group}/${version}`;

type Usage = { cpu: string; memory: string };

export interface PodMetrics extends ApiObject {
  timestamp: string;
  window: string;
  containers: { name: string; usage: Usage }[];
}

export interface NodeMetrics extends ApiObject {
  timestamp: string;
  window: string;
  usage: Usage;
}

export interface MetricsDeps {
  usage: Pick<NodeUsage, "sampler" | "rate" | "targets">;
  nodeName: string;
  nodeLabels(): Readonly<Record<string, string>>;
  /** Whether there is such a pod at all, running or not. */
  podExists(namespace: string, name: string): boolean;
  resourceVersion(): string;
  now(): number;
}

/** The resources of a node whose usage is known; none otherwise. */
export function metricsOf({ stats, store, config: { nodeName }, clock }: AppDeps): Resource[] {
  if (!stats) return [];
  const find = <T>(kind: string, namespace: string, name: string) =>
    store.get<T>("local", kind, namespace, name) ?? store.get<T>("control-plane", kind, namespace, name);
  return metricsResources({
    usage: stats.usage,
    nodeName,
    nodeLabels: () => find<ApiObject>("Node", "", nodeName)?.metadata.labels ?? {},
    podExists: (namespace, name) => find("Pod", namespace, name) !== undefined,
    resourceVersion: () => store.resourceVersion,
    now: () => clock.now(),
  });
}

/** `nodes` and `pods` of metrics.k8s.io/v1beta1. */
export function metricsResources(deps: MetricsDeps): Resource[] {
  return [nodeMetrics(deps), podMetrics(deps)] as unknown as Resource[];
}

function nodeMetrics(deps: MetricsDeps): Resource<NodeMetrics> {
  const read = (): NodeMetrics | undefined => {
    const rate = deps.usage.rate(nodeKey);
    return rate && {
      kind: "NodeMetrics",
      apiVersion,
      metadata: { name: deps.nodeName, creationTimestamp: timestamp(deps.now()), labels: { ...deps.nodeLabels() } },
      ...moment(deps, rate.windowMs),
      usage: usageOf(rate),
    };
  };
  return {
    group,
    version,
    kind: "NodeMetrics",
    plural: "nodes",
    singular: "node",
    namespaced: false,
    verbs: ["get", "list"],
    backend: backend(deps, {
      get(_, name) {
        if (name !== deps.nodeName) throw missing("nodes", "", name);
        return read() ?? fail("nodemetrics", name);
      },
      list: () => [read()].filter((found) => found !== undefined),
    }),
    printer: printer(({ usage }) => usage),
  };
}

function podMetrics(deps: MetricsDeps): Resource<PodMetrics> {
  const { usage } = deps;
  const read = ({ pod, namespace, name, containers }: PodTarget): PodMetrics | undefined => {
    if (pod.status?.phase !== "Running") return undefined;
    const rates = containers.map(({ id, name }) => ({ name, rate: usage.rate(id) }));
    if (rates.length === 0 || rates.some(({ rate }) => rate === undefined)) return undefined;
    return {
      kind: "PodMetrics",
      apiVersion,
      metadata: {
        name,
        namespace,
        creationTimestamp: timestamp(deps.now()),
        ...(pod.metadata.labels ? { labels: pod.metadata.labels } : {}),
      },
      ...moment(deps, Math.min(...rates.map(({ rate }) => rate!.windowMs))),
      containers: rates.map(({ name, rate }) => ({ name, usage: usageOf(rate!) })),
    };
  };
  return {
    group,
    version,
    kind: "PodMetrics",
    plural: "pods",
    singular: "pod",
    namespaced: true,
    verbs: ["get", "list"],
    backend: backend(deps, {
      get(namespace, name) {
        if (!deps.podExists(namespace, name)) throw missing("pods", "", name);
        const target = usage.targets().find((each) => each.namespace === namespace && each.name === name);
        return target && read(target) || fail("podmetrics", `${namespace}/${name}`);
      },
      list: (namespace) =>
        usage.targets()
          .filter((target) => namespace === undefined || target.namespace === namespace)
          .map(read).filter((found) => found !== undefined)
          .sort((a, b) => byName(a, b)),
    }),
    printer: printer(({ containers }) => sum(containers)),
  };
}

/** A backend that looks before it answers and never changes. */
function backend<T extends ApiObject>(
  { usage, resourceVersion }: MetricsDeps,
  reading: Pick<Backend<T>, "get" | "list">,
): Backend<T> {
  return { ...reading, resourceVersion, watch: () => () => {}, prepare: () => usage.sampler.ask() };
}

function byName({ metadata: a }: ApiObject, { metadata: b }: ApiObject): number {
  const [first, second] = [`${a.namespace}/${a.name}`, `${b.namespace}/${b.name}`];
  return first < second ? -1 : first > second ? 1 : 0;
}

function moment({ usage, now }: MetricsDeps, windowMs: number): { timestamp: string; window: string } {
  return { timestamp: timestamp(usage.sampler.last?.wall ?? now()), window: formatDuration(Math.round(windowMs)) };
}

function usageOf({ nanoCores, workingSetBytes }: Rate): Usage {
  return {
    cpu: formatQuantity(BigInt(Math.round(nanoCores))),
    memory: formatQuantity(BigInt(workingSetBytes) * 1_000_000_000n, "BinarySI"),
  };
}

function sum(containers: readonly { usage: Usage }[]): Usage {
  return containers.length === 1 ? containers[0].usage : add(containers.map(({ usage }) => usage));
}

function add(list: readonly Usage[]): Usage {
  const total = (key: keyof Usage) => list.reduce((sum, usage) => sum + parseQuantity(usage[key]), 0n);
  return { cpu: formatQuantity(total("cpu")), memory: formatQuantity(total("memory"), "BinarySI") };
}

/** The columns that `kubectl get podmetrics` has from metrics-server. */
function printer<T extends ApiObject & { window: string }>(usage: (object: T) => Usage): Printer<T> {
  return {
    columns: [
      { name: "Name", type: "string", format: "name", description: "Name of the resource" },
      { name: "cpu", type: "string", format: "quantity", description: "" },
      { name: "memory", type: "string", format: "quantity", description: "" },
      { name: "Window", type: "string", format: "duration", description: "Window over which metrics were measured" },
    ],
    cells: (object) => {
      const { cpu, memory } = usage(object);
      return [object.metadata.name, cpu, memory, object.window];
    },
  };
}

/** That nothing was measured yet, in metrics-server's words. */
function fail(kind: "podmetrics" | "nodemetrics", name: string): never {
  throw missing(kind, group, name);
}

function missing(resource: string, group: string, name: string): ApiError {
  const qualified = group === "" ? resource : `${resource}.${group}`;
  return new ApiError(404, "NotFound", `${qualified} ${JSON.stringify(name)} not found`, {
    name,
    ...(group === "" ? {} : { group }),
    kind: resource,
  });
}
