/** The fake runtime's state as the runtime's messages. */
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import type { CriContainerEvent } from "./events.ts";
import type { FakeImage } from "./fake_images.ts";
import type { ExecResult, FakeContainer, FakeSandbox } from "./fake_model.ts";
import * as tasks from "./gen/containerd_tasks_pb.ts";
import { type ContainerStatusSchema, PodSandboxState, type PodSandboxStatusSchema } from "./gen/runtime_pb.ts";

export function sandboxStatus(sandbox: FakeSandbox) {
  const { id, config, createdAt, runtimeHandler } = sandbox;
  const [ip = "", ...more] = sandbox.ips;
  return {
    id,
    createdAt,
    runtimeHandler,
    metadata: config.metadata,
    labels: config.labels,
    annotations: config.annotations,
    state: sandbox.ready ? PodSandboxState.SANDBOX_READY : PodSandboxState.SANDBOX_NOTREADY,
    network: { ip, additionalIps: more.map((ip) => ({ ip })) },
    linux: { namespaces: { options: config.linux?.securityContext?.namespaceOptions } },
  } satisfies MessageInitShape<typeof PodSandboxStatusSchema>;
}

export function containerStatus(container: FakeContainer) {
  const { id, config, state, createdAt, startedAt, finishedAt, exitCode, reason, message, sandbox } = container;
  const directory = sandbox.config.logDirectory;
  return {
    id,
    state,
    createdAt,
    startedAt,
    finishedAt,
    exitCode,
    reason,
    message,
    metadata: config.metadata,
    image: config.image,
    imageRef: container.imageId,
    labels: config.labels,
    annotations: config.annotations,
    mounts: config.mounts,
    logPath: directory && config.logPath ? `${directory}/${config.logPath}` : "",
    resources: { linux: container.resources },
  } satisfies MessageInitShape<typeof ContainerStatusSchema>;
}

export function imageMessage(image: FakeImage) {
  const uid = /^\d+$/.test(image.user) ? { value: BigInt(image.user) } : undefined;
  return {
    id: image.id,
    repoTags: image.repoTags,
    repoDigests: image.repoDigests,
    size: BigInt(image.size),
    uid: uid ?? (image.user === "" ? { value: 0n } : undefined),
    username: uid ? "" : image.user,
    pinned: image.pinned,
  };
}

export function execResponse({ exitCode = 0, stdout = "", stderr = "" }: ExecResult) {
  const bytes = (data: string | Uint8Array) => typeof data === "string" ? new TextEncoder().encode(data) : data;
  return { exitCode, stdout: bytes(stdout), stderr: bytes(stderr) } as never;
}

function payload({ type, id, exitCode = 0 }: CriContainerEvent) {
  switch (type) {
    case "created":
      return { topic: "/containers/create", event: pack(tasks.ContainerCreateSchema, { id }) };
    case "started":
      return { topic: "/tasks/start", event: pack(tasks.TaskStartSchema, { containerId: id }) };
    case "stopped":
      return {
        topic: "/tasks/exit",
        event: pack(tasks.TaskExitSchema, { containerId: id, id, exitStatus: exitCode }),
      };
    case "oom":
      return { topic: "/tasks/oom", event: pack(tasks.TaskOOMSchema, { containerId: id }) };
    case "deleted":
      return { topic: "/containers/delete", event: pack(tasks.ContainerDeleteSchema, { id }) };
  }
}

/** An event as containerd's own event service sends it. */
export function containerdEvent(event: CriContainerEvent) {
  return {
    timestamp: { seconds: BigInt(Math.floor(event.at / 1000)), nanos: event.at % 1000 * 1e6 },
    namespace: "k8s.io",
    ...payload(event),
  };
}

/** containerd writes the bare message name as type URL. */
// deno-lint-ignore no-explicit-any
function pack(schema: any, init: any) {
  const message = create(schema, init);
  return { ...anyPack(schema, message), typeUrl: schema.typeName, value: toBinary(schema, message) as never };
}

/** The extra information of a verbose answer. */
export function info(verbose: boolean, key: string, value: unknown): Record<string, string> {
  return verbose ? { [key]: JSON.stringify(value) } : {};
}
