/**
 * The composition root: the one place where rooms are wired together, and the order in which they start and stop.
 *
 *     store ─► runtime (containerd) ─► images ─► observer ─► sources ─► pod manager ─► API
 *
 * Every part can start from nothing but the store and the world; stopping is no more than letting go. Containers run on.
 */
import { join } from "node:path";
import { detect } from "../cgroups/mod.ts";
import { PodTokens } from "./api/auth/mod.ts";
import { kubeletConfiguration } from "./api/kubelet/configuration.ts";
import { startApi } from "./api/mod.ts";
import { systemClock } from "./clock.ts";
import type { NodeConfig } from "./config/mod.ts";
import { AddressWatcher, allocatable, hostIPs, readAddresses, readFacts } from "./node/mod.ts";
import type { Pod } from "./objects/mod.ts";
import { firstServiceAddress } from "./pki/names.ts";
import { KubeletMetrics, type RuntimeCall } from "./stats/mod.ts";
import { MemoryStore, Store } from "./store/mod.ts";
import { EventRing } from "./telemetry/events.ts";
import type { Logger } from "./telemetry/log.ts";
import { VolumeManager } from "./volumes/mod.ts";
import { handsOutCpus, NodeGate } from "./wiring/admission.ts";
import { ApiObjects } from "./wiring/api_objects.ts";
import { ClockWatch } from "./wiring/clock_watch.ts";
import { Controllers } from "./wiring/controllers.ts";
import { authOf, keysOf } from "./wiring/credentials.ts";
import { ownerId, privateDirectory } from "./wiring/directories.ts";
import { Doors } from "./wiring/doors.ts";
import { assembleEviction } from "./wiring/eviction.ts";
import { assembleImages, imagePins } from "./wiring/images.ts";
import { podCgroups, withDriverOf } from "./wiring/kubepods.ts";
import { logRotator } from "./wiring/logs.ts";
import { refuseMachine } from "./wiring/machine.ts";
import { keepSmall } from "./wiring/memory.ts";
import { podNetwork } from "./wiring/network.ts";
import { watchOom } from "./wiring/oom.ts";
import { NodePressures } from "./wiring/pressures.ts";
import { assemblePods, realmOf } from "./wiring/pods.ts";
import { startRuntime } from "./wiring/runtime.ts";
import { ServiceObjects } from "./wiring/service_objects.ts";
import { Services } from "./wiring/services.ts";
import { nodeSettings, podLimits } from "./wiring/settings.ts";
import { NodeShutdown } from "./wiring/shutdown.ts";
import { manifestSource } from "./wiring/sources.ts";
import { assembleStats, networkMetrics } from "./wiring/stats.ts";
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
  const stops: (() => unknown)[] = [];
  const letGo = async () => {
    for (const end of stops.reverse().splice(0)) {
      try {
        await end();
      } catch (err) {
        log.warn("Cannot stop a part of the agent", { err });
      }
    }
  };
  try {
    const shutdown = await assemble(config, log, stops);
    return {
      goesDown: () => shutdown.isDue(),
      async stop(options = {}) {
        if (options.shutdownPods) await shutdown.end();
        await letGo();
      },
    };
  } catch (err) {
    await letGo();
    throw err;
  }
}

/** Makes every part and starts it. What has to be let go of is pushed onto `stops`; returns what ends all pods. */
async function assemble(config: NodeConfig, log: Logger, stops: (() => unknown)[]): Promise<NodeShutdown> {
  const clock = systemClock;
  const { rootDir, nodeName, podLogsDir } = config;
  privateDirectory(rootDir);
  privateDirectory(config.runDir);
  const store = Store.open(join(rootDir, "state.db"), { log, clock });
  stops.push(() => store.close());
  if (store.rebuilt) log.warn("The store began empty", { reason: store.rebuilt });
  const owner = ownerId(rootDir, store.record("node", "owner"));
  store.setRecord("node", "owner", owner);
  const events = new EventRing({ nodeName, clock, nextVersion: () => store.nextVersion() });

  const memory = new MemoryStore({ log, clock, versions: store });
  /** What nearly every part works with. */
  const base = { config, store, memory, events, clock, log };

  const facts = readFacts({ maxPods: config.maxPods, rootDir });
  Object.assign(facts.capacity, config.extendedResources);
  if (config.podsPerCore > 0) {
    facts.capacity.pods = Math.min(config.maxPods, config.podsPerCore * Math.floor(facts.capacity.cpu / 1000));
  }
  refuseMachine(config, facts, detect().version);
  const clockWatch = new ClockWatch(clock, (by) => {
    log.info("The clock was set", { bySeconds: Math.round(by / 1000) });
    void doors.check();
    tokens.clockStepped();
  });
  const addresses = new AddressWatcher({
    read: () => {
      clockWatch.look();
      return readAddresses({ nodeIPs: config.nodeIPs });
    },
    onChange: (now) => {
      log.info("The node's addresses have changed", { addresses: now });
      manager.retryAll();
      controllers.look();
      serviceObjects.look();
      services.look();
      void doors.check();
    },
    clock,
  });
  const pki = keysOf({ ...base, lastKnownTime: store.lastKnownTime, addresses: () => addresses.addresses });
  const auth = authOf({ store, pki, clock, log });
  const tokens = new PodTokens({
    ...auth,
    clock,
    log,
    onDue: (uid) => manager.refresh(uid),
    exists: (uid) => manager.has(uid),
  });
  stops.push(() => tokens.stop());
  // where pods find the API
  const serviceAddresses = config.api.port === 0 ? [] : config.serviceCIDRs.map(firstServiceAddress);
  const serviceObjects = new ServiceObjects({
    ...base,
    events: events.by("endpoint-slice-mirroring-controller"),
    apiAddresses: serviceAddresses,
    nodeAddresses: () => addresses.addresses,
  });
  const nodeIPs = () => hostIPs(addresses.addresses);
  const roomForPods = allocatable(facts.capacity, config.reservation);

  const network = await podNetwork(config, log);
  const pins = imagePins(store);
  const kubelet = new KubeletMetrics();
  const observe = (call: RuntimeCall) => kubelet.runtimeCall(call);
  const runtime = await startRuntime({ ...base, cniConfDir: network.confDir, pins, observe });
  stops.push(() => runtime.release());
  const { cri } = runtime;
  const kubepods = await podCgroups(withDriverOf(runtime, config, log), facts.capacity, log, clock);
  stops.push(() => kubepods.stop());
  const { fs: cgroups, paths: cgroupPaths } = kubepods;
  const runtimeName = () => runtime.name;

  const pressures = new NodePressures(store, nodeName);
  const controllers = new Controllers({
    ...base,
    facts,
    allocatable: roomForPods,
    runtime,
    addresses: nodeIPs,
    available: () => observer.available,
    shuttingDown: (): boolean => gate.shuttingDown,
    pressures: () => pressures.now,
  });

  const images = assembleImages({
    ...base,
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
  stops.push(() => images.stop());

  const cpus = handsOutCpus(config, store)
    ? new (await import("./wiring/cpus.ts")).PodCpus({
      config,
      cri,
      cgroups,
      cgroupPaths,
      runtimeName,
      pods: () => manager.pods(),
      observed: (uid) => observer.get(uid),
      spread: () => store.setRecord("node", "cpuManagerPolicy", config.cpuManager.policy),
      log,
    })
    : undefined;
  const settings = nodeSettings(config, facts, kubepods, cpus, {
    owner,
    hostIPs: nodeIPs,
    allocatable: () => roomForPods,
    serviceEnv: (pod) => serviceObjects.env(pod),
  });
  const gate = new NodeGate({
    config,
    facts,
    allocatable: roomForPods,
    supplementalGroupsPolicy: runtime.supplementalGroupsPolicy,
    node: () => controllers.node,
    pressures: () => pressures.now,
    kubepods,
    cpus,
    preempted: (resource) => kubelet.preempted(resource),
  });
  const { observer, manager, probes } = assemblePods({
    ...base,
    cri,
    cgroups,
    onAction: (action, ms, failed) => kubelet.podAction(action, ms, failed),
    volumes: (podIPs) =>
      new VolumeManager({
        podsDir: join(rootDir, "pods"),
        resolve: (kind, namespace, name, pod) => store.get(realmOf(store, pod), kind, namespace, name),
        facts: (pod) => ({ nodeName, hostIPs: nodeIPs(), podIPs: podIPs(pod), allocatable: roomForPods }),
        nodeLabels: () => controllers.node.labels,
        tokens: (pod, request) => tokens.token(pod, request),
        log,
        clock,
      }),
    images: images.images,
    settings,
    podLimits: podLimits(config, kubepods, cpus),
    runtimeName,
    maxBackoffMs: config.maxContainerRestartPeriodMs,
    deadContainers: config.deadContainers,
    ownLogs: podLogsDir.startsWith(`${rootDir}/`),
    bootId: facts.bootID,
    admit: (pods) => gate.admit(pods),
    admitResize: (pod, others) => gate.admitResize(pod, others),
    freeAddresses: (live) => network.freeAddresses(live, clock.now()),
  });
  stops.push(() => probes.stopAll());
  const rotator = logRotator({ ...base, observer, cri });
  const source = manifestSource({ ...base, serviceAddresses: serviceObjects.addresses, observer });
  images.preload(() => manager.retryAll());

  stops.push(() => controllers.stop());
  await controllers.start();
  stops.push(() => serviceObjects.stop());
  await serviceObjects.start();
  const services: Services = new Services({
    ...base,
    stores: [store, memory],
    ownPodCIDRs: network.isOurs ? config.podCIDRs : [],
    restoreNetwork: async () => void await podNetwork(config, log),
    apiAddresses: serviceAddresses,
    nodeAddresses: nodeIPs,
    observers: networkMetrics(kubelet, config.clusterDomain || "cluster.local", () => services.dns, clock),
    events: events.by("kube-proxy"),
  });
  stops.push(() => services.stop());
  services.start();
  const stats = assembleStats({
    ...base,
    facts,
    observer,
    probes,
    cri,
    image: runtime.image,
    cgroups,
    cgroupPaths,
    owner,
    runtimeName,
    kubelet,
    certificateEnds: () => doors.certificateEnds,
  });
  stops.push(() => stats.stop());
  const eviction = assembleEviction({
    ...base,
    manager,
    usage: stats.usage,
    kubelet,
    cgroups,
    cgroupPaths,
    pressures,
    reclaimers: {
      containers: () => manager.removeDeadContainers(),
      images: (bytes) => images.collector.reclaim(bytes),
    },
    onPressures: () => controllers.look(),
  });

  // the API answers from the store while the runtime is still waited for
  let working = false;
  const api = await startApi({
    ...base,
    serviceAddresses: serviceObjects.addresses,
    observer,
    cri,
    imagesDir: images.archives,
    images: images.commands,
    problems: () => source?.problems() ?? [],
    auth,
    stats,
    kubelet: {
      pods: () => store.list<Pod>("Pod").map(({ object }) => object).filter(({ spec }) => spec.nodeName === nodeName),
      observed: () => observer.uids().flatMap((uid) => observer.get(uid) ?? []),
      configuration: () => kubeletConfiguration(config),
      unhealthy: () => working && observer.available ? undefined : "the container runtime does not answer",
      debuggingHandlers: config.kubelet.debuggingHandlers,
      systemLogHandler: config.kubelet.systemLogHandler,
      access: config.kubelet,
    },
    healthy: () => working && observer.available,
  });
  stops.push(() => api.stop());
  const apiObjects = new ApiObjects({
    ...base,
    api: { addresses: serviceAddresses, port: config.api.port },
    dns: { addresses: config.dnsAddresses, serviceCIDRs: config.serviceCIDRs, nodeName },
  });
  stops.push(() => apiObjects.stop());
  const doors = new Doors({ ...base, api, serviceAddresses, held: services.held, pki });
  stops.push(() => doors.stop());

  observer.onUnanswered = () => runtime.check();
  stops.push(() => observer.stop());
  await observer.start();
  runtime.onUp = () => void observer.relist();
  if (source) {
    stops.push(() => source.stop());
    await source.start();
  }
  stops.push(() => manager.stop());
  manager.start();
  controllers.follow(observer);
  cpus?.follow(observer);
  const onNode = {
    cgroups,
    cgroupPaths,
    runtimeName,
    pod: (uid: string) => manager.pods().find(({ metadata }) => metadata.uid === uid),
  };
  watchOom(observer, { ...onNode, events });
  reportWeights(observer, { ...onNode, limits: settings.limits, log });
  eviction.start();
  stops.push(() => eviction.stop());
  working = true;
  stops.push(keepSmall(clock));
  addresses.start();
  stops.push(() => addresses.stop());
  images.collector.start();
  rotator.start();
  stops.push(() => rotator.stop());
  // nobody waits for keys and certificates to be there
  apiObjects.start().catch((err) => log.warn("Cannot write the API's own objects", { err }));
  void controllers.trust(pki);
  void doors.open();
  services.open().catch((err) => log.error("Services are not forwarded", { err }));

  const mark = (shuttingDown: boolean) => {
    gate.shuttingDown = shuttingDown;
    controllers.look();
  };
  const shutdown = new NodeShutdown({ ...base, manager, mark, flush: () => store.flush() });
  stops.push(() => shutdown.stop());
  void shutdown.watch();
  return shutdown;
}
