/** `status` of the Node: what the machine has and how it is, in kubelet's words. Pure. */
import { timestamp } from "../../clock.ts";
import { sameValue } from "../../store/mod.ts";
import type { Amounts } from "../../resources/mod.ts";
import { type NodeFacts, nodeStatusAddresses, type Pressure, quantities } from "../../node/mod.ts";
import type { ContainerImage, NodeCondition, NodeStatus, RuntimeHandlers } from "./types.ts";

/** What is known of the runtime; undefined while it has not answered yet. */
export interface RuntimeFacts {
  name: string;
  version: string;
  images: readonly ContainerImage[];
  handlers: RuntimeHandlers;
  supplementalGroupsPolicy: boolean;
  /** Why pods would have no network. */
  network?: string;
}

export interface NodeStatusFacts {
  nodeName: string;
  facts: NodeFacts;
  allocatable: Amounts;
  addresses: readonly string[];
  /** Of the agent, as kubelet's: `v1.36.0+islet-0.1.0`. */
  version: string;
  /** Port of kubelet's API; undefined: it is not served. */
  kubeletPort?: number;
  runtime?: RuntimeFacts;
  /** Images that the status names; -1: all. */
  maxImages?: number;
  /** Why the node is not ready; undefined: it is; null: nobody knows yet, and what was said last holds. */
  notReady?: string | null;
  /** What the node is short of. */
  pressures?: readonly Pressure[];
  /** Wall-clock ms. */
  now: number;
}

/** Names of each image in a status, as kubelet limits them. */
const maxNames = 5;

/** The new status; `previous` itself when nothing but the time has changed. */
export function nodeStatus(previous: NodeStatus | undefined, given: NodeStatusFacts): NodeStatus {
  const { facts, runtime, nodeName, kubeletPort, maxImages = 50 } = given;
  const { pid: _, ...capacity } = facts.capacity;
  const handlers = runtime ? runtime.handlers : previous?.runtimeHandlers;
  const features = runtime ? { supplementalGroupsPolicy: runtime.supplementalGroupsPolicy } : previous?.features;
  const next: NodeStatus = {
    capacity: quantities(capacity),
    allocatable: quantities(given.allocatable),
    conditions: conditions(given, previous?.conditions).map((condition) =>
      stamp(condition, previous?.conditions ?? [], given.now)
    ),
    addresses: nodeStatusAddresses(given.addresses, nodeName),
    daemonEndpoints: { kubeletEndpoint: { Port: kubeletPort ?? 0 } },
    nodeInfo: {
      machineID: facts.machineID,
      systemUUID: facts.systemUUID,
      bootID: facts.bootID,
      kernelVersion: facts.kernelVersion,
      osImage: facts.osImage,
      containerRuntimeVersion: runtime
        ? `${runtime.name}://${runtime.version}`
        : previous?.nodeInfo?.containerRuntimeVersion ?? "",
      kubeletVersion: given.version,
      kubeProxyVersion: "",
      operatingSystem: facts.operatingSystem,
      architecture: facts.architecture,
      ...(facts.swapBytes > 0 ? { swap: { capacity: facts.swapBytes } } : {}),
    },
    images: runtime ? listed(runtime.images, maxImages) : previous?.images ?? [],
    ...(handlers?.length ? { runtimeHandlers: handlers } : {}),
    ...(features ? { features } : {}),
  };
  if (previous && sameValue(next, previous)) return previous;
  const lastHeartbeatTime = timestamp(given.now);
  return { ...next, conditions: next.conditions!.map((condition) => ({ ...condition, lastHeartbeatTime })) };
}

/** The largest images first, as many as `most`; -1: all. */
function listed(images: readonly ContainerImage[], most: number): ContainerImage[] {
  return [...images].sort((a, b) => b.sizeBytes - a.sizeBytes || (a.names[0] < b.names[0] ? -1 : 1))
    .slice(0, most < 0 ? images.length : most)
    .map(({ names, sizeBytes }) => ({ names: names.slice(0, maxNames), sizeBytes }));
}

/** What kubelet says of each. */
const pressureWords: readonly { type: Pressure; short: Words; enough: Words }[] = [
  {
    type: "MemoryPressure",
    short: { reason: "KubeletHasInsufficientMemory", message: "kubelet has insufficient memory available" },
    enough: { reason: "KubeletHasSufficientMemory", message: "kubelet has sufficient memory available" },
  },
  {
    type: "DiskPressure",
    short: { reason: "KubeletHasDiskPressure", message: "kubelet has disk pressure" },
    enough: { reason: "KubeletHasNoDiskPressure", message: "kubelet has no disk pressure" },
  },
  {
    type: "PIDPressure",
    short: { reason: "KubeletHasInsufficientPID", message: "kubelet has insufficient PID available" },
    enough: { reason: "KubeletHasSufficientPID", message: "kubelet has sufficient PID available" },
  },
];

type Words = Pick<NodeCondition, "reason" | "message">;
type Bare = Pick<NodeCondition, "type" | "status" | "reason" | "message">;

function conditions(
  { notReady, facts, runtime, pressures = [] }: NodeStatusFacts,
  previous: readonly NodeCondition[] = [],
): Bare[] {
  const words = "kubelet is posting ready status" + (facts.appArmor ? ". AppArmor enabled" : "");
  return [
    ...network(),
    ...pressureWords.map(({ type, short, enough }): Bare =>
      pressures.includes(type) ? { type, status: "True", ...short } : { type, status: "False", ...enough }
    ),
    ready(),
  ];

  /** Who makes the pods' network says it; while nobody knows, what was said last holds. */
  function network(): Bare[] {
    const type = "NetworkUnavailable";
    if (!runtime) return previous.filter((each) => each.type === type).map(bare);
    return runtime.network === undefined
      ? [{ type, status: "False", reason: "PodNetworkReady", message: "pods' network is ready" }]
      : [{ type, status: "True", reason: "PodNetworkNotReady", message: runtime.network }];
  }

  function ready(): Bare {
    const before = previous.find(({ type }) => type === "Ready");
    if (notReady === undefined && runtime?.network !== undefined) {
      const message = `container runtime network not ready: ${runtime.network}`;
      return { type: "Ready", status: "False", reason: "KubeletNotReady", message };
    }
    if (notReady === undefined) return { type: "Ready", status: "True", reason: "KubeletReady", message: words };
    if (notReady === null && before) return bare(before);
    const message = notReady ?? "container runtime status check may not have completed yet";
    return { type: "Ready", status: "False", reason: "KubeletNotReady", message };
  }
}

function bare({ type, status, reason, message }: NodeCondition): Bare {
  return { type, status, reason, message };
}

function stamp(bare: Bare, previous: readonly NodeCondition[], now: number): NodeCondition {
  const before = previous.find(({ type }) => type === bare.type);
  const at = timestamp(now);
  return {
    ...bare,
    lastHeartbeatTime: before?.lastHeartbeatTime ?? at,
    lastTransitionTime: before?.status === bare.status && before.lastTransitionTime ? before.lastTransitionTime : at,
  };
}
