/** What each call does to the fake runtime's world, and answers: containerd 1.6's behaviour where callers could tell. */
import type { DescMethodUnary, MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError, type HandlerContext, type ServiceImpl } from "@connectrpc/connect";
import { containerdEvent, containerStatus, execResponse, imageMessage, info, sandboxStatus } from "./fake_messages.ts";
import type { ExecResult, FakeContainer, FakeSandbox } from "./fake_model.ts";
import type { FakeWorld } from "./fake_world.ts";
import type { Tasks } from "./gen/containerd_task_service_pb.ts";
import {
  CgroupDriver,
  type ContainerConfig,
  type ContainerEventType,
  ContainerState,
  type ContainerStatsSchema,
  type ImageService,
  NamespaceMode,
  type PodSandboxConfig,
  type RuntimeService,
} from "./gen/runtime_pb.ts";

/** One handler a unary method; answers may be partial messages or nothing. */
export type Effects<Service extends typeof RuntimeService | typeof ImageService> = {
  [Name in keyof Service["method"] as Service["method"][Name] extends { methodKind: "unary" } ? Name : never]: (
    request: Parameters<
      Extract<ServiceImpl<Service>[Name & keyof ServiceImpl<Service>], (...args: never) => unknown>
    >[0],
    context: HandlerContext,
  ) => Answer<Service["method"][Name]> | void | Promise<Answer<Service["method"][Name]> | void>;
};
type Answer<Method> = Method extends DescMethodUnary<infer _, infer Output> ? MessageInitShape<Output> : never;

/** containerd's own service of tasks, as far as lost ones need it. */
export function taskEffects(world: FakeWorld): Partial<ServiceImpl<typeof Tasks>> {
  return {
    kill: ({ containerId }) => {
      world.container(containerId).exit(137);
      return {};
    },
    delete: ({ containerId }) => {
      const container = world.container(containerId);
      if (!container.taskLost) throw new ConnectError(`no running task found: ${containerId}`, Code.NotFound);
      container.taskLost = false;
      return {};
    },
  };
}

export function runtimeEffects(world: FakeWorld): Effects<typeof RuntimeService> {
  return {
    version: () => ({ version: "0.1.0", runtimeName: "fake", runtimeVersion: "1.6.20", runtimeApiVersion: "v1" }),
    status: ({ verbose }) => ({
      status: { conditions: world.conditions },
      info: info(verbose, "config", { sandboxImage: "pause:1" }),
    }),
    runtimeConfig: () => {
      if (world.eventSource !== "cri") throw unimplemented("RuntimeConfig");
      return { linux: { cgroupDriver: CgroupDriver.CGROUPFS } };
    },
    updateRuntimeConfig: ({ runtimeConfig }) => void (world.podCidr = runtimeConfig?.networkConfig?.podCidr ?? ""),

    runPodSandbox: (request) => {
      const config = required(request.config, "sandbox config");
      const id = world.reserve("sandbox", sandboxName(config));
      const hostNetwork = config.linux?.securityContext?.namespaceOptions?.network === NamespaceMode.NODE;
      if (hostNetwork && config.hostname) {
        world.release(id);
        throw new ConnectError(
          "failed to create containerd task: unable to set hostname without a private UTS namespace: unknown",
          Code.Unknown,
        );
      }
      const number = parseInt(id, 16);
      const ips = hostNetwork ? [] : [`10.244.${number >> 8 & 255}.${number & 255}`];
      const { runtimeHandler } = request;
      world.sandboxes.set(id, { id, config, runtimeHandler, ready: true, ips, createdAt: world.stamp() });
      world.emit("created", id);
      world.emit("started", id);
      return { podSandboxId: id };
    },
    stopPodSandbox: ({ podSandboxId }) => {
      const sandbox = world.sandboxes.get(podSandboxId);
      if (!sandbox) return;
      for (const container of world.containersOf(sandbox)) container.exit(137);
      world.end(sandbox);
    },
    removePodSandbox: ({ podSandboxId }) => {
      const sandbox = world.sandboxes.get(podSandboxId);
      if (!sandbox) return;
      for (const container of world.containersOf(sandbox)) world.remove(container);
      world.end(sandbox);
      world.sandboxes.delete(sandbox.id);
      world.release(sandbox.id);
      world.emit("deleted", sandbox.id, sandbox);
    },
    podSandboxStatus: ({ podSandboxId, verbose }) => ({
      status: sandboxStatus(world.sandbox(podSandboxId)),
      info: info(verbose, "info", { pid: 1 }),
    }),
    listPodSandbox: ({ filter }) => ({
      items: [...world.sandboxes.values()].map(sandboxStatus).filter((sandbox) =>
        (!filter?.id || sandbox.id.startsWith(filter.id)) &&
        (!filter?.state || filter.state.state === sandbox.state) &&
        selects(filter?.labelSelector, sandbox.labels)
      ),
    }),
    updatePodSandboxResources: () => {
      throw unimplemented("UpdatePodSandboxResources");
    },

    createContainer: (request) => {
      const config = required(request.config, "container config");
      const sandbox = world.sandbox(request.podSandboxId);
      if (!sandbox.ready) throw new ConnectError(`sandbox container "${sandbox.id}" is not running`, Code.Unknown);
      const reference = config.image?.image ?? "";
      const image = world.images.find(reference);
      if (!image) throw new ConnectError(`failed to resolve image "${reference}": not found`, Code.NotFound);
      const id = world.reserve("container", containerName(config, sandbox));
      world.add(id, sandbox, config, image.id);
      return { containerId: id };
    },
    startContainer: ({ containerId }) => {
      const container = world.container(containerId);
      if (container.state !== ContainerState.CONTAINER_CREATED) {
        throw new ConnectError(`container is in ${ContainerState[container.state]} state`, Code.Unknown);
      }
      const program = container.program = world.program(container);
      container.state = ContainerState.CONTAINER_RUNNING;
      if (program.startError) {
        container.exit(128, "StartError", program.startError);
        throw new ConnectError(`failed to create containerd task: ${program.startError}`, Code.Unknown);
      }
      container.startedAt = world.stamp();
      world.emit("started", containerId, container.sandbox);
      if (program.exitAfterMs !== undefined) {
        world.after(program.exitAfterMs, () => container.exit(program.exitCode));
      }
    },
    stopContainer: async ({ containerId, timeout }, context) => {
      const container = world.containers.get(containerId);
      if (!container?.running) return;
      const { ignoresTerm, termAfterMs = 0, termExitCode = 143 } = container.program;
      if (timeout > 0n && !ignoresTerm) {
        if (termAfterMs === 0) container.exit(termExitCode);
        else world.after(termAfterMs, () => container.exit(termExitCode));
      }
      if (timeout > 0n) {
        const grace = Promise.withResolvers<void>();
        const cancel = world.after(Number(timeout) * 1000, grace.resolve);
        const gaveUp = new Promise<void>((resolve) => context.signal.addEventListener("abort", () => resolve()));
        await Promise.race([container.ended, grace.promise, gaveUp]).finally(cancel);
      }
      // a caller who gives up has sent SIGTERM and nothing more
      if (!context.signal.aborted) container.exit(137);
    },
    removeContainer: ({ containerId }) => {
      const container = world.containers.get(containerId);
      if (container) world.remove(container);
    },
    listContainers: ({ filter }) => ({
      containers: [...world.containers.values()].filter((container) =>
        (!filter?.id || container.id.startsWith(filter.id)) &&
        (!filter?.podSandboxId || container.sandbox.id.startsWith(filter.podSandboxId)) &&
        (!filter?.state || filter.state.state === container.state) &&
        selects(filter?.labelSelector, container.config.labels)
      ).map((container) => ({ ...containerStatus(container), podSandboxId: container.sandbox.id })),
    }),
    containerStatus: ({ containerId, verbose }) => ({
      status: containerStatus(world.container(containerId)),
      info: info(verbose, "info", { pid: 1 }),
    }),
    updateContainerResources: ({ containerId, linux }) => {
      const container = world.container(containerId);
      container.resources = linux;
    },
    reopenContainerLog: ({ containerId }) => {
      const container = world.running(containerId);
      container.logReopened++;
    },

    execSync: async ({ containerId, cmd, timeout }) => {
      const container = world.running(containerId);
      const work = Promise.resolve(world.exec(container, cmd));
      if (timeout === 0n) return execResponse(await work);
      const late = Symbol();
      const seconds = Number(timeout);
      const timer = Promise.withResolvers<typeof late>();
      const cancel = world.after(seconds * 1000, () => timer.resolve(late));
      const result = await Promise.race([work, timer.promise]).finally(cancel);
      if (result === late) {
        throw new ConnectError(
          `failed to exec in container: timeout ${seconds}s exceeded: context deadline exceeded`,
          Code.DeadlineExceeded,
        );
      }
      return execResponse(result as ExecResult);
    },
    exec: ({ containerId }) => ({ url: `${world.streamingUrl}/exec/${world.running(containerId).id}` }),
    attach: ({ containerId }) => ({ url: `${world.streamingUrl}/attach/${world.running(containerId).id}` }),
    portForward: ({ podSandboxId }) => ({
      url: `${world.streamingUrl}/portforward/${world.sandbox(podSandboxId).id}`,
    }),

    containerStats: ({ containerId }) => ({ stats: containerStats(world, world.container(containerId)) }),
    listContainerStats: ({ filter }) => ({
      stats: [...world.containers.values()].filter((container) =>
        container.running && (!filter?.id || container.id.startsWith(filter.id)) &&
        (!filter?.podSandboxId || container.sandbox.id.startsWith(filter.podSandboxId)) &&
        selects(filter?.labelSelector, container.config.labels)
      ).map((container) => containerStats(world, container)),
    }),
    podSandboxStats: ({ podSandboxId }) => ({ stats: podStats(world, world.sandbox(podSandboxId)) }),
    listPodSandboxStats: ({ filter }) => ({
      stats: [...world.sandboxes.values()].filter((sandbox) =>
        sandbox.ready && (!filter?.id || sandbox.id.startsWith(filter.id)) &&
        selects(filter?.labelSelector, sandbox.config.labels)
      ).map((sandbox) => podStats(world, sandbox)),
    }),
    listMetricDescriptors: () => {
      throw unimplemented("ListMetricDescriptors");
    },
    listPodSandboxMetrics: () => {
      throw unimplemented("ListPodSandboxMetrics");
    },
  };
}

export function imageEffects(world: FakeWorld): Effects<typeof ImageService> {
  return {
    listImages: ({ filter }) => {
      const wanted = filter?.image?.image;
      const found = wanted ? [world.images.find(wanted)] : [...world.images.local.values()];
      return { images: found.filter((image) => image !== undefined).map(imageMessage) };
    },
    imageStatus: ({ image }) => {
      const found = world.images.find(image?.image ?? "");
      return { image: found && imageMessage(found) };
    },
    pullImage: ({ image }) => ({ imageRef: world.images.pull(image?.image ?? "").id }),
    removeImage: ({ image }) => world.images.remove(image?.image ?? ""),
    imageFsInfo: () => {
      const used = [...world.images.local.values()].reduce((sum, image) => sum + image.size, 0);
      return {
        imageFilesystems: [{
          timestamp: world.stamp(),
          fsId: { mountpoint: "/var/lib/fake" },
          usedBytes: { value: BigInt(used) },
          inodesUsed: { value: BigInt(world.images.local.size) },
        }],
      };
    },
  };
}

/** GetContainerEvents. */
export async function* criEvents(world: FakeWorld, signal: AbortSignal) {
  if (world.eventSource !== "cri") throw unimplemented("GetContainerEvents");
  for await (const event of world.events.subscribe(signal)) {
    if (event.type === "oom") continue;
    const container = world.containers.get(event.id);
    const sandbox = container?.sandbox ?? world.sandboxes.get(event.id);
    yield {
      containerId: event.id,
      containerEventType: ["created", "started", "stopped", "deleted"].indexOf(event.type) as ContainerEventType,
      createdAt: BigInt(event.at) * 1_000_000n,
      podSandboxStatus: sandbox && sandboxStatus(sandbox),
      containersStatuses: sandbox ? world.containersOf(sandbox).map(containerStatus) : [],
    };
  }
}

/** containerd's Events/Subscribe. */
export async function* containerdEvents(world: FakeWorld, signal: AbortSignal) {
  if (world.eventSource !== "containerd") throw unimplemented("Subscribe");
  for await (const event of world.events.subscribe(signal)) yield containerdEvent(event);
}

/** The name that a sandbox reserves, as containerd builds it. */
export function sandboxName({ metadata }: PodSandboxConfig): string {
  return `${metadata?.name}_${metadata?.namespace}_${metadata?.uid}_${metadata?.attempt}`;
}

/** The name that a container reserves, as containerd builds it. */
export function containerName({ metadata }: ContainerConfig, sandbox: FakeSandbox): string {
  const pod = sandbox.config.metadata;
  return `${metadata?.name}_${pod?.name}_${pod?.namespace}_${pod?.uid}_${metadata?.attempt}`;
}

function containerStats(world: FakeWorld, container: FakeContainer): MessageInitShape<typeof ContainerStatsSchema> {
  const timestamp = world.stamp();
  const { id, usage, config } = container;
  return {
    attributes: { id, metadata: config.metadata, labels: config.labels, annotations: config.annotations },
    cpu: { timestamp, usageCoreNanoSeconds: { value: usage.cpuNanoSeconds } },
    memory: { timestamp, workingSetBytes: { value: usage.workingSetBytes } },
    writableLayer: { timestamp, usedBytes: { value: usage.writableLayerBytes } },
  };
}

function podStats(world: FakeWorld, sandbox: FakeSandbox) {
  const { id, config } = sandbox;
  return {
    attributes: { id, metadata: config.metadata, labels: config.labels, annotations: config.annotations },
    linux: {
      containers: world.containersOf(sandbox).filter(({ running }) => running).map((c) => containerStats(world, c)),
    },
  };
}

function selects(selector: Record<string, string> | undefined, labels: Record<string, string>): boolean {
  return Object.entries(selector ?? {}).every(([key, value]) => labels[key] === value);
}

function required<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new ConnectError(`${what} is missing`, Code.InvalidArgument);
  return value;
}

function unimplemented(method: string): ConnectError {
  return new ConnectError(`unknown method ${method}`, Code.Unimplemented);
}
