/** Pod and container → ContainerConfig: the process, its surroundings and its limits. */
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { type ContainerConfig, ContainerConfigSchema, type ImageSpecSchema, Signal } from "../../cri/mod.ts";
import { containerLogName } from "../logs/mod.ts";
import type { Container, Pod } from "../objects/mod.ts";
import { type ContainerLimitOptions, containerResources } from "../resources/mod.ts";
import { ContainerConfigError } from "./errors.ts";
import { expand } from "./expand.ts";
import { containerAnnotations, containerLabels, cpusAnnotation } from "./labels.ts";
import { linuxResources } from "./linux_resources.ts";
import type { CriMount } from "./pod_files.ts";
import { containerSecurityContext, type ContainerSecurityOptions } from "./security.ts";

export interface ContainerContext {
  /** The restart count. */
  attempt: number;
  /** The installation's id. */
  owner: string;
  /** What to run: the runtime's id of the image. */
  imageRef: string;
  /** The RuntimeClass's handler; empty for the default one. */
  runtimeHandler?: string;
  /** As `resolveEnvironment` gives them. */
  environment: ReadonlyMap<string, string>;
  /** Volumes, /etc/hosts, termination message: everything, ready. */
  mounts: readonly CriMount[];
  security: ContainerSecurityOptions;
  limits: ContainerLimitOptions;
}

/** Throws ContainerConfigError. */
export function containerConfig(pod: Pod, container: Container, context: ContainerContext): ContainerConfig {
  const { attempt, owner, environment } = context;
  const expanded = (words: readonly string[] = []) =>
    words.map((word) => expand(word, (name) => environment.get(name)));
  const resources = containerResources(pod, container, context.limits);
  const message = create(ContainerConfigSchema, {
    metadata: { name: container.name, attempt },
    image: {
      image: context.imageRef,
      userSpecifiedImage: container.image,
      runtimeHandler: context.runtimeHandler ?? "",
    },
    command: expanded(container.command),
    args: expanded(container.args),
    workingDir: container.workingDir ?? "",
    envs: [...environment].map(([key, value]) => ({ key, value })),
    mounts: [...context.mounts],
    labels: containerLabels(pod, container, owner),
    annotations: {
      ...containerAnnotations(pod, container, attempt),
      ...(resources.cpuset && resources.ownCpus ? { [cpusAnnotation]: resources.cpuset } : {}),
    },
    logPath: containerLogName(container.name, attempt),
    stdin: container.stdin ?? false,
    stdinOnce: container.stdinOnce ?? false,
    tty: container.tty ?? false,
    stopSignal: stopSignal(container),
    linux: {
      resources: linuxResources(resources),
      securityContext: containerSecurityContext(pod, container, context.security),
    },
  });
  const users = message.linux?.securityContext?.namespaceOptions?.usernsOptions;
  if (users) {
    // Files keep the owners that they have on the node only if mounts are mapped as processes are.
    const mapped = { uidMappings: users.uids, gidMappings: users.gids };
    message.mounts = message.mounts.map((mount) => ({ ...mount, ...mapped }));
  }
  return message;
}

/** What an image call names: the image, and for runtimes that choose by them the pod's annotations and the handler. */
export function imageSpec(
  pod: Pod,
  image: string,
  runtimeHandler = "",
): MessageInitShape<typeof ImageSpecSchema> {
  return { image, annotations: { ...pod.metadata.annotations }, userSpecifiedImage: image, runtimeHandler };
}

/** `lifecycle.stopSignal`; without one it is the image's. */
function stopSignal(container: Pick<Container, "lifecycle">): Signal {
  const name = container.lifecycle?.stopSignal;
  return name ? criSignal(name) : Signal.RUNTIME_DEFAULT;
}

/** A signal in CRI's numbers, which are not the kernel's. Throws ContainerConfigError. */
export function criSignal(name: string): Signal {
  const key = name.replace("+", "PLUS").replace("-", "MINUS");
  const signal = Object.hasOwn(Signal, key) ? Signal[key as keyof typeof Signal] : undefined;
  if (typeof signal !== "number" || signal === Signal.RUNTIME_DEFAULT) {
    throw new ContainerConfigError(`Cannot use stopSignal ${name}: it is not a signal`);
  }
  return signal;
}
