/**
 * Gathers what a pod's CRI messages are made of — the node's files, ConfigMaps and Secrets, volumes, the image — and has
 * `runtime/` make them. Reads, and writes the pod's /etc/hosts and log directory; decides nothing.
 */
import type { CriClient } from "../../cri/mod.ts";
import type { EnsuredImage } from "../images/mod.ts";
import { type ConfigMap, type Container, type Pod, type Secret } from "../objects/mod.ts";
import { type Amounts, type CgroupPathOptions, type ContainerLimitOptions, podCgroup } from "../resources/mod.ts";
import {
  type ConfigWarning,
  containerConfig,
  type CriMount,
  hostsFile,
  namespaceOf,
  namesSystemdStub,
  parseResolvConf,
  podLogDirectory,
  type ResolvConf,
  resolveEnvironment,
  sandboxConfig,
  SandboxConfigError,
  type SecurityOptions,
  systemdResolvConf,
} from "../runtime/mod.ts";

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
  hostIPs(): string[];
  allocatable(): Amounts;
  /** KUBERNETES_SERVICE_HOST and its like. */
  serviceEnv(pod: Pod): Readonly<Record<string, string>>;
}

export interface MessageDeps {
  settings: NodeSettings;
  /** An object of the pod's own realm and namespace. */
  lookUp<T>(pod: Pod, kind: "ConfigMap" | "Secret", name: string): T | undefined;
  volumes: {
    mounts(
      pod: Pod,
      container: Container,
      options: { attempt: number; env: ReadonlyMap<string, string> },
    ): Promise<CriMount[]>;
    writeHosts(uid: string, text: string): Promise<unknown>;
  };
  runtime: CriClient["runtime"];
}

export class PodMessages {
  readonly #deps: MessageDeps;
  #handlers: Promise<Set<string>> | undefined;

  constructor(deps: MessageDeps) {
    this.#deps = deps;
  }

  async prepareLogDirectory(pod: Pod): Promise<void> {
    await Deno.mkdir(podLogDirectory(pod, this.#deps.settings.podLogsDir), { recursive: true, mode: 0o755 });
  }

  /** The sandbox's message. Throws SandboxConfigError. */
  async sandbox(
    pod: Pod,
    attempt: number,
  ): Promise<{ config: PodSandboxConfigMessage; runtimeHandler: string; warnings: ConfigWarning[] }> {
    const { owner, podLogsDir, cgroupPaths, limits, security, clusterDNS, clusterDomain } = this.#deps.settings;
    const { config, warnings } = sandboxConfig(pod, {
      attempt,
      owner,
      podLogsDir,
      cgroupParent: podCgroup(pod, cgroupPaths),
      dns: { node: this.#nodeResolvConf(), clusterDNS, clusterDomain },
      security,
      limits,
    });
    return { config, warnings, runtimeHandler: await this.#runtimeHandler(pod) };
  }

  /** A container's message and its sandbox's. Throws ContainerConfigError. */
  async container(
    pod: Pod,
    container: Container,
    { attempt, sandboxAttempt, image, podIPs }: {
      attempt: number;
      sandboxAttempt: number;
      image: EnsuredImage;
      podIPs: string[];
    },
  ): Promise<{ config: ContainerConfigMessage; sandboxConfig: PodSandboxConfigMessage; warnings: ConfigWarning[] }> {
    const { settings, volumes, lookUp } = this.#deps;
    const { owner, nodeName, limits, security, clusterDomain } = settings;
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
    const mounts = await volumes.mounts(pod, container, { attempt, env: environment.values });
    const sandbox = await this.sandbox(pod, sandboxAttempt);
    const config = containerConfig(pod, container, {
      attempt,
      runtimeHandler: sandbox.runtimeHandler,
      owner,
      imageRef: image.imageRef,
      environment: environment.values,
      mounts,
      security: { ...security, imageUid: image.uid, imageUsername: image.username },
      limits,
    });
    return { config, sandboxConfig: sandbox.config, warnings: environment.warnings };
  }

  #nodeResolvConf(): ResolvConf | undefined {
    const { resolvConf } = this.#deps.settings;
    if (!resolvConf) return undefined;
    const own = readResolvConf(resolvConf);
    return own && namesSystemdStub(own) ? readResolvConf(systemdResolvConf) ?? own : own;
  }

  /** The runtime's handler for the pod's RuntimeClass; the class's name is its handler's on a node without RuntimeClass objects. */
  async #runtimeHandler(pod: Pod): Promise<string> {
    const name = pod.spec.runtimeClassName;
    if (!name) return "";
    this.#handlers ??= this.#listHandlers();
    if (!(await this.#handlers).has(name)) {
      this.#handlers = undefined;
      throw new SandboxConfigError(
        `Cannot run pod ${namespaceOf(pod)}/${pod.metadata.name}: the container runtime has no handler ${
          JSON.stringify(name)
        } ` +
          "(runtimeClassName)",
      );
    }
    return name;
  }

  async #listHandlers(): Promise<Set<string>> {
    const { runtimeHandlers, info } = await this.#deps.runtime.status({ verbose: true });
    const names = new Set(runtimeHandlers.map(({ name }) => name));
    // runtimes from before CRI listed handlers tell them in their configuration only
    const config = parseJson(info.config) as { containerd?: { runtimes?: Record<string, unknown> } } | undefined;
    for (const name of Object.keys(config?.containerd?.runtimes ?? {})) names.add(name);
    return names;
  }
}

function readResolvConf(file: string): ResolvConf | undefined {
  try {
    return parseResolvConf(Deno.readTextFileSync(file));
  } catch {
    return undefined;
  }
}

function parseJson(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
