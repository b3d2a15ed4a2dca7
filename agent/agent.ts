/**
 * The composition root: the one place where rooms are wired together, and the order in which they start and stop.
 *
 *     store ─► runtime (containerd) ─► images ─► observer ─► sources ─► pod manager ─► API
 *
 * A part is made from those above it; what it wants of one below, it asks by a function when both are there. Every part can
 * start from nothing but the store and the world; stopping is no more than letting go. Containers run on.
 */
import { PodTokens } from "./api/auth/mod.ts";
import type { NodeConfig } from "./config/mod.ts";
import { firstServiceAddress } from "./pki/names.ts";
import { KubeletMetrics } from "./stats/mod.ts";
import type { Logger } from "./telemetry/log.ts";
import { handsOutCpus, NodeGate } from "./wiring/admission.ts";
import { Controllers } from "./wiring/controllers.ts";
import { authOf, keysOf } from "./wiring/credentials.ts";
import { assembleEviction } from "./wiring/eviction.ts";
import { layGround } from "./wiring/ground.ts";
import { assembleImages, imagePins } from "./wiring/images.ts";
import { podCgroups, withDriverOf } from "./wiring/kubepods.ts";
import { Lifecycle } from "./wiring/lifecycle.ts";
import { logRotator } from "./wiring/logs.ts";
import { readMachine } from "./wiring/machine.ts";
import { keepSmall } from "./wiring/memory.ts";
import { podNetwork } from "./wiring/network.ts";
import { NodeApi } from "./wiring/node_api.ts";
import { watchOom } from "./wiring/oom.ts";
import { assemblePods } from "./wiring/pods.ts";
import { NodePressures } from "./wiring/pressures.ts";
import { startRuntime } from "./wiring/runtime.ts";
import { ServiceObjects } from "./wiring/service_objects.ts";
import { Services } from "./wiring/services.ts";
import { nodeSettings, podLimits } from "./wiring/settings.ts";
import { NodeShutdown } from "./wiring/shutdown.ts";
import { manifestSource } from "./wiring/sources.ts";
import { assembleStats, networkMetrics } from "./wiring/stats.ts";
import { Surroundings } from "./wiring/surroundings.ts";
import { watchSystemOom } from "./wiring/system_oom.ts";
import { nodeVolumes } from "./wiring/volumes.ts";
import { reportWeights } from "./wiring/weights.ts";

/** A running node. */
export interface Agent {
  /** Whether the machine goes down with it, and the pods are to be ended first. */
  goesDown(): Promise<boolean>;
  /** Lets go of everything; pods run on. With `shutdownPods` they are ended first, by priority and grace. */
  stop(options?: { shutdownPods?: boolean }): Promise<void>;
}

/** Starts a node; resolves when its API answers and every pod has a worker. */
export async function startAgent(config: NodeConfig, log: Logger): Promise<Agent> {
  const life = new Lifecycle(log);
  try {
    const node = await makeNode(config, log, life);
    connect(node);
    await startNode(node, life);
    return {
      goesDown: () => node.shutdown.isDue(),
      async stop(options = {}) {
        if (options.shutdownPods) await node.shutdown.end();
        await life.end();
      },
    };
  } catch (err) {
    await life.end();
    throw err;
  }
}

type Node = Awaited<ReturnType<typeof makeNode>>;

/** Makes every part. Those that hold something from the moment they are made are let go of by `life`. */
async function makeNode(config: NodeConfig, log: Logger, life: Lifecycle) {
  const ground = layGround(config, log, life);
  const { store, events, clock } = ground;
  const { facts, allocatable } = readMachine(config);
  const surroundings = new Surroundings(ground);
  const hostIPs = () => surroundings.hostIPs();
  const kubelet = new KubeletMetrics();

  const addresses = () => surroundings.addresses;
  const pki = keysOf({ ...ground, lastKnownTime: store.lastKnownTime, addresses });
  const auth = authOf({ ...ground, pki });
  const tokens = new PodTokens({
    ...auth,
    clock,
    log,
    onDue: (uid) => manager.refresh(uid),
    exists: (uid) => manager.has(uid),
  });
  life.atEnd(() => tokens.stop());

  // where pods find the API
  const apiAddresses = config.api.port === 0 ? [] : config.serviceCIDRs.map(firstServiceAddress);
  const serviceObjects = new ServiceObjects({
    ...ground,
    events,
    apiAddresses,
    nodeAddresses: addresses,
  });

  const network = await podNetwork(ground);
  const pins = imagePins(store);
  const runtime = await startRuntime({
    ...ground,
    cniConfDir: network.confDir,
    pins,
    observe: (call) => kubelet.runtimeCall(call),
  });
  life.atEnd(() => runtime.release());
  const { cri } = runtime;
  const kubepods = await podCgroups(withDriverOf(runtime, config, log), facts.capacity, log, clock);
  life.atEnd(() => kubepods.stop());
  /** What is known of a pod's containers beside what the runtime tells. */
  const places = { cgroups: kubepods.fs, cgroupPaths: kubepods.paths, runtimeName: () => runtime.name };

  const pressures = new NodePressures(store, config.nodeName);
  const controllers = new Controllers({
    ...ground,
    facts,
    allocatable,
    runtime,
    addresses: hostIPs,
    available: () => observer.available,
    shuttingDown: (): boolean => gate.shuttingDown,
    pressures: () => pressures.now,
  });
  const images = assembleImages({
    ...ground,
    runtime,
    pins,
    onCollected(reason) {
      kubelet.imageCollected(reason);
      controllers.node.imagesChanged();
    },
    onChanged() {
      controllers.node.imagesChanged();
      manager.retryAll();
    },
  });
  life.atEnd(() => images.stop());

  const cpus = handsOutCpus(config, store)
    ? new (await import("./wiring/cpus.ts")).PodCpus({
      ...ground,
      ...places,
      cri,
      pods: () => manager.pods(),
      observed: (uid) => observer.get(uid),
      spread: () => store.setRecord("node", "cpuManagerPolicy", config.cpuManager.policy),
    })
    : undefined;
  const gate = new NodeGate({
    config,
    facts,
    allocatable,
    supplementalGroupsPolicy: runtime.supplementalGroupsPolicy,
    node: () => controllers.node,
    pressures: () => pressures.now,
    kubepods,
    cpus,
    preempted: (resource) => kubelet.preempted(resource),
  });
  const settings = nodeSettings(config, facts, kubepods, cpus, {
    owner: ground.owner,
    hostIPs,
    allocatable: () => allocatable,
    serviceEnv: (pod) => serviceObjects.env(pod),
  });
  const nodeLabels = () => controllers.node.labels;
  const { observer, manager, probes } = assemblePods({
    ...ground,
    ...places,
    cri,
    onAction: (action, ms, failed) => kubelet.podAction(action, ms, failed),
    volumes: (podIPs) => nodeVolumes({ ...ground, tokens, hostIPs, allocatable, nodeLabels }, podIPs),
    images: images.images,
    settings,
    podLimits: podLimits(config, kubepods, cpus),
    maxBackoffMs: config.maxContainerRestartPeriodMs,
    deadContainers: config.deadContainers,
    ownLogs: config.podLogsDir.startsWith(`${config.rootDir}/`),
    bootId: facts.bootID,
    admit: (pods) => gate.admit(pods),
    admitResize: (pod, others) => gate.admitResize(pod, others),
    freeAddresses: (live) => network.freeAddresses(live, clock.now()),
  });
  life.atEnd(() => probes.stopAll());
  const rotator = logRotator({ ...ground, observer, cri });
  const source = manifestSource({ ...ground, serviceAddresses: serviceObjects.addresses, observer });

  const services: Services = new Services({
    ...ground,
    stores: [store, ground.memory],
    ownPodCIDRs: network.isOurs ? config.podCIDRs : [],
    network,
    apiAddresses,
    strayClusterIPs: serviceObjects.strayClusterIPs,
    nodeAddresses: hostIPs,
    observers: networkMetrics(kubelet, config.clusterDomain || "cluster.local", () => services.dns, clock),
    events: events.by("kube-proxy"),
  });
  const stats = assembleStats({
    ...ground,
    ...places,
    facts,
    observer,
    probes,
    cri,
    image: runtime.image,
    kubelet,
    certificateEnds: () => api.certificateEnds,
  });
  life.atEnd(() => stats.stop());
  const eviction = assembleEviction({
    ...ground,
    ...places,
    manager,
    usage: stats.usage,
    kubelet,
    pressures,
    reclaimers: {
      containers: () => manager.removeDeadContainers(),
      images: (bytes) => images.collector.reclaim(bytes),
    },
    onPressures: () => controllers.look(),
  });
  const api: NodeApi = new NodeApi({
    ...ground,
    apiAddresses,
    held: services.held,
    pki,
    auth,
    serviceAddresses: serviceObjects.addresses,
    observer,
    cri,
    imagesDir: images.archives,
    images: images.commands,
    problems: () => source?.problems() ?? [],
    stats,
  });
  const mark = (shuttingDown: boolean) => {
    gate.shuttingDown = shuttingDown;
    controllers.look();
  };
  const shutdown = new NodeShutdown({ ...ground, manager, mark, flush: () => store.flush() });
  return {
    ground,
    places,
    pki,
    surroundings,
    tokens,
    runtime,
    serviceObjects,
    services,
    controllers,
    images,
    cpus,
    settings,
    observer,
    source,
    manager,
    rotator,
    eviction,
    api,
    shutdown,
  };
}

/** Who hears of what happens outside of pods. */
function connect(node: Node): void {
  const { surroundings, tokens, runtime, serviceObjects, services, controllers, observer, manager, api } = node;
  surroundings.onAddresses = () => {
    manager.retryAll();
    for (const part of [controllers, serviceObjects, services]) part.look();
    api.check();
  };
  surroundings.onClockSet = () => {
    api.check();
    tokens.clockStepped();
  };
  observer.onUnanswered.add(() => runtime.check());
}

/** Starts every part, each when those that it counts on have started. */
async function startNode(node: Node, life: Lifecycle): Promise<void> {
  const { ground, places, pki, surroundings, runtime, serviceObjects, services, controllers, images, cpus } = node;
  const { settings, observer, source, manager, rotator, eviction, api, shutdown } = node;
  images.preload(() => manager.retryAll());
  // the API answers from the store while the runtime is still waited for
  await life.start(controllers, serviceObjects, services, api, observer);
  runtime.onUp = () => void observer.relist();
  if (source) await life.start(source);
  await life.start(manager);

  controllers.follow(observer);
  cpus?.follow(observer);
  const pod = (uid: string) => manager.pods().find(({ metadata }) => metadata.uid === uid);
  watchOom(observer, { ...ground, ...places, pod });
  life.atEnd(watchSystemOom(ground));
  reportWeights(observer, { ...ground, ...places, pod, limits: settings.limits });

  await life.start(eviction);
  life.atEnd(keepSmall(ground.clock));
  await life.start(surroundings, rotator);
  images.collector.start();
  // nobody waits for keys and certificates to be there
  void controllers.trust(pki);
  api.open();
  services.open().catch((err) => ground.log.error("Services are not forwarded", { err }));
  life.atEnd(() => shutdown.stop());
  void shutdown.watch();
}
