/**
 * Gathers what a pod's CRI messages are made of — the node's files, ConfigMaps and Secrets, volumes, the image — and has
 * `runtime/` make them. Reads, and writes the pod's /etc/hosts and log directory; decides nothing.
 */
import type { CriClient } from "../../../cri/mod.ts";
import type { EnsuredImage } from "../../images/mod.ts";
import { type ConfigMap, type Container, type Pod, podContainers, type Secret } from "../../objects/mod.ts";
import {
  type Amounts,
  type CgroupPathOptions,
  type ContainerLimitOptions,
  type ContainerLimits,
  containerResources,
  podCgroup,
} from "../../resources/mod.ts";
import {
  type ConfigWarning,
  containerConfig,
  type CriMount,
  type HandlerFeatures,
  hostsFile,
  namespaceOf,
  namesSystemdStub,
  parseResolvConf,
  podLogDirectory,
  type ResolvConf,
  resolveEnvironment,
  type RuntimeHandlers,
  runtimeHandlers,
  sandboxConfig,
  SandboxConfigError,
  type SecurityOptions,
  systemdResolvConf,
  type UserNamespaceMapping,
} from "../../runtime/mod.ts";

export type PodSandboxConfigMessage = ReturnType<typeof sandboxConfig>["config"];
export type ContainerConfigMessage = ReturnType<typeof containerConfig>;

/** What this node gives to every pod. */
export interface NodeSettings {
  owner: string;
  nodeName: string;
  podLogsDir: string;
  cgroupPaths: CgroupPathOptions;
  /** File of the node's resolvers; "" for none. */
  resolvConf: string;
  clusterDNS: string[];
  clusterDomain: string;
  limits: ContainerLimitOptions;
  security: SecurityOptions;
  /** Ids for a pod with `hostUsers: false`; asked for only where the runtime can map them. */
  userNamespace?(uid: string): UserNamespaceMapping;
  hostIPs(): string[];
  allocatable(): Amounts;
  /** KUBERNETES_SERVICE_HOST and its like. */
  serviceEnv(pod: Pod): Readonly<Record<string, string>>;
}

export interface MessageDeps {
  settings: NodeSettings;
  /** An object of the pod's own realm and namespace. */
  lookUp<T>(pod: Pod, kind: "ConfigMap" | "Secret", name: string): T | undefined;
  /** A RuntimeClass of the pod's realm. */
  runtimeClass?(pod: Pod, name: string): { handler: string } | undefined;
  volumes: {
    mounts(
      pod: Pod,
      container: Container,
      options: { attempt: number; env: ReadonlyMap<string, string>; recursiveReadOnly: boolean },
    ): Promise<CriMount[]>;
    writeHosts(uid: string, text: string): Promise<unknown>;
  };
  runtime: CriClient["runtime"];
}

export class PodMessages {
  readonly #deps: MessageDeps;
  #handlers: Promise<RuntimeHandlers> | undefined;

  constructor(deps: MessageDeps) {
    this.#deps = deps;
  }

  prepareLogDirectory(pod: Pod): void {
    Deno.mkdirSync(podLogDirectory(pod, this.#deps.settings.podLogsDir), { recursive: true, mode: 0o755 });
  }

  /** The sandbox's message. Throws SandboxConfigError. */
  async sandbox(
    pod: Pod,
    attempt: number,
  ): Promise<{ config: PodSandboxConfigMessage; runtimeHandler: string; warnings: ConfigWarning[] }> {
    const { owner, podLogsDir, cgroupPaths, limits, clusterDNS, clusterDomain } = this.#deps.settings;
    const handler = await this.#handler(pod);
    const { config, warnings } = sandboxConfig(pod, {
      attempt,
      owner,
      podLogsDir,
      cgroupParent: podCgroup(pod, cgroupPaths),
      dns: { node: this.#nodeResolvConf(), clusterDNS, clusterDomain },
      security: this.#security(pod, handler),
      limits,
    });
    return { config, warnings, runtimeHandler: handler.name };
  }

  /** A container's message and its sandbox's. Throws ContainerConfigError. */
  async container(
    pod: Pod,
    container: Container,
    { attempt, sandboxAttempt, image, podIPs, targetContainerId }: {
      attempt: number;
      sandboxAttempt: number;
      image: EnsuredImage;
      podIPs: string[];
      /** The container whose processes an ephemeral one is to see. */
      targetContainerId?: string;
    },
  ): Promise<{ config: ContainerConfigMessage; sandboxConfig: PodSandboxConfigMessage; warnings: ConfigWarning[] }> {
    const { settings, volumes, lookUp } = this.#deps;
    const { owner, nodeName, limits, clusterDomain } = settings;
    const handler = await this.#handler(pod);
    const environment = resolveEnvironment(pod, container, {
      nodeName,
      hostIPs: settings.hostIPs(),
      podIPs,
      allocatable: settings.allocatable(),
      serviceEnv: settings.serviceEnv(pod),
      configMap: (name) => lookUp<ConfigMap>(pod, "ConfigMap", name),
      secret: (name) => lookUp<Secret>(pod, "Secret", name),
    });
    const nodeHosts = pod.spec.hostNetwork ? await Deno.readTextFile("/etc/hosts").catch(() => "") : "";
    await volumes.writeHosts(pod.metadata.uid!, hostsFile(pod, { clusterDomain, podIPs, nodeHosts }));
    const mounts = await volumes.mounts(pod, container, {
      attempt,
      env: environment.values,
      recursiveReadOnly: handler.recursiveReadOnlyMounts,
    });
    const sandbox = await this.sandbox(pod, sandboxAttempt);
    const config = containerConfig(pod, container, {
      attempt,
      runtimeHandler: handler.name,
      owner,
      imageRef: image.imageRef,
      environment: environment.values,
      mounts,
      security: {
        ...this.#security(pod, handler),
        imageUid: image.uid,
        imageUsername: image.username,
        targetContainerId,
      },
      limits,
    });
    return { config, sandboxConfig: sandbox.config, warnings: environment.warnings };
  }

  /** A container's limits on this node. */
  limits(pod: Pod, container: Container): ContainerLimits {
    return containerResources(pod, container, this.#deps.settings.limits);
  }

  #nodeResolvConf(): ResolvConf | undefined {
    const { resolvConf } = this.#deps.settings;
    if (!resolvConf) return undefined;
    const own = readResolvConf(resolvConf);
    return own && namesSystemdStub(own) ? readResolvConf(systemdResolvConf) ?? own : own;
  }

  /** What holds for this pod: with ids of its own where it asks for them and its handler can map them. */
  #security(pod: Pod, { userNamespaces }: HandlerFeatures): SecurityOptions {
    const { security, userNamespace } = this.#deps.settings;
    if (pod.spec.hostUsers !== false || !userNamespaces || !userNamespace) return security;
    return { ...security, userNamespace: userNamespace(pod.metadata.uid!) };
  }

  /**
   * The runtime's handler for the pod's RuntimeClass; where there is no object of that name, the name is the handler's.
   * The runtime is asked only by pods whose fields depend on the answer.
   */
  async #handler(pod: Pod): Promise<HandlerFeatures & { name: string }> {
    const { runtimeClassName = "" } = pod.spec;
    const name = runtimeClassName && (this.#deps.runtimeClass?.(pod, runtimeClassName)?.handler ?? runtimeClassName);
    const ownUsers = pod.spec.hostUsers === false, recursive = wantsRecursiveReadOnly(pod);
    if (!name && !ownUsers && !recursive) return { name, recursiveReadOnlyMounts: false, userNamespaces: false };
    this.#handlers ??= this.#deps.runtime.status({ verbose: true }).then(runtimeHandlers);
    let features: HandlerFeatures | undefined;
    try {
      features = (await this.#handlers).get(name);
    } finally {
      // A newer runtime may answer the next time: what is missing is asked for again.
      const missing = !features || ownUsers && !features.userNamespaces ||
        recursive && !features.recursiveReadOnlyMounts;
      if (missing) this.#handlers = undefined;
    }
    if (features) return { name, ...features };
    throw new SandboxConfigError(
      `Cannot run pod ${namespaceOf(pod)}/${pod.metadata.name}: the container runtime has no handler ${
        JSON.stringify(name)
      } (runtimeClassName)`,
    );
  }
}

function wantsRecursiveReadOnly(pod: Pod): boolean {
  return podContainers(pod).some(({ container }) =>
    container.volumeMounts?.some(({ recursiveReadOnly = "Disabled" }) => recursiveReadOnly !== "Disabled")
  );
}

function readResolvConf(file: string): ResolvConf | undefined {
  try {
    return parseResolvConf(Deno.readTextFileSync(file));
  } catch {
    return undefined;
  }
}
