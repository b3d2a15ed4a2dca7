/** Connects to the container runtime: the managed containerd, started or adopted, or one that the user runs. */
import { connectCri, type CriClient, type EndedCall, isUnimplemented } from "../../cri/mod.ts";
import type { Clock } from "../clock.ts";
import type { NodeConfig } from "../config/mod.ts";
import {
  CtrImporter,
  directRegistries,
  ensurePauseImage,
  type ImageImporter,
  type ImagePins,
  pinRuntimeSandboxImage,
} from "../images/mod.ts";
import { containerdFacts, containerdPaths, ManagedContainerd, sandboxImage } from "../runtime/containerd/mod.ts";
import { runtimeCgroupDriver } from "../runtime/mod.ts";
import type { Logger } from "../telemetry/log.ts";

export interface Runtime {
  cri: CriClient;
  /** The image service, where it is not the runtime's own. */
  image: CriClient["image"];
  /** `containerd`, as container IDs are prefixed. */
  name: string;
  version: string;
  /** How it names cgroups; undefined: as configured. */
  cgroupDriver?: "cgroupfs" | "systemd";
  /** Whether it knows supplementalGroupsPolicy Strict. */
  supplementalGroupsPolicy: boolean;
  /** Imports image archives, where the runtime has a way. */
  importer: ImageImporter | undefined;
  /** Whether a registry may be asked by us whether it is there, before a pull: not if the runtime reaches it another way. */
  knock(registry: string): boolean;
  /** Called when a managed containerd answers again after it was lost. */
  onUp: () => void;
  /** Says that it does not answer: a managed containerd that is lost is started again. */
  check(): void;
  release(): void;
}

export interface RuntimeOptions {
  config: NodeConfig;
  cniConfDir: string;
  pins: ImagePins;
  /** Told of every call to the runtime that has ended. */
  observe?(call: EndedCall): void;
  log: Logger;
  clock: Clock;
}

/** Resolves when the runtime answers and the sandbox image is there. */
export async function startRuntime(options: RuntimeOptions): Promise<Runtime> {
  const { runtime } = options.config;
  return runtime.mode === "managed" ? await startManaged(options) : await connectExternal(runtime, options);
}

async function startManaged({ config, cniConfDir, pins, observe, log, clock }: RuntimeOptions): Promise<Runtime> {
  const paths = containerdPaths(config.rootDir, { runDir: config.runDir, cniConfDir });
  Deno.mkdirSync(paths.root, { recursive: true, mode: 0o700 });
  const facts = { ...await containerdFacts(paths.root), systemdCgroup: config.cgroupDriver === "systemd" };
  let up = () => {};
  const managed = new ManagedContainerd({ paths, log, clock, facts, onUp: () => up() });
  await managed.start();
  const cri = connectCri(managed.endpoint, { requestTimeoutMs: config.runtime.requestTimeoutMs, observe });
  const importer = new CtrImporter({
    socket: paths.socket,
    snapshotter: facts.snapshotter,
    major: facts.version.major,
  });
  const runtime: Runtime = {
    cri,
    image: cri.image,
    name: "containerd",
    version: `${facts.version.major}.${facts.version.minor}`,
    supplementalGroupsPolicy: false,
    importer,
    knock: directRegistries(paths.registryConfigDir, Deno.env.toObject()),
    onUp: () => {},
    check: () => managed.check(),
    release() {
      cri.close();
      managed.release();
    },
  };
  up = () => runtime.onUp();
  try {
    const [{ features }] = await Promise.all([
      cri.runtime.status({}),
      ensurePauseImage({ image: cri.image, importer, pins, name: sandboxImage }),
    ]);
    runtime.supplementalGroupsPolicy = features?.supplementalGroupsPolicy ?? false;
  } catch (err) {
    runtime.release();
    throw err;
  }
  return runtime;
}

async function connectExternal(
  { endpoint, imageEndpoint, requestTimeoutMs }: Extract<NodeConfig["runtime"], { mode: "external" }>,
  { pins, observe, log }: RuntimeOptions,
): Promise<Runtime> {
  const cri = connectCri(endpoint, { requestTimeoutMs, observe });
  const images = imageEndpoint === endpoint ? cri : connectCri(imageEndpoint, { requestTimeoutMs, observe });
  const { runtimeName, runtimeVersion } = await answering(cri, endpoint, log);
  const status = await cri.runtime.status({ verbose: true });
  const said = await cri.runtime.runtimeConfig({}).catch((err) => {
    if (isUnimplemented(err)) return undefined;
    throw err;
  });
  const isContainerd = runtimeName === "containerd";
  const socket = new URL(endpoint).pathname;
  const importer = isContainerd && endpoint.startsWith("unix:")
    ? new CtrImporter({ socket, major: Number(/\d+/.exec(runtimeVersion)?.[0] ?? 1) })
    : undefined;
  await pinRuntimeSandboxImage({ runtime: cri.runtime, image: images.image }, pins).catch((err) =>
    log.warn("Cannot find the runtime's sandbox image", { err })
  );
  return {
    cri,
    image: images.image,
    name: runtimeName,
    version: runtimeVersion,
    cgroupDriver: runtimeCgroupDriver(said, status),
    supplementalGroupsPolicy: status.features?.supplementalGroupsPolicy ?? false,
    importer,
    knock: () => false,
    onUp: () => {},
    check() {},
    release() {
      cri.close();
      if (images !== cri) images.close();
    },
  };
}

/** Waits for an external runtime: after a boot it may come up later than islet. */
async function answering(
  cri: CriClient,
  endpoint: string,
  log: Logger,
): Promise<{ runtimeName: string; runtimeVersion: string }> {
  for (let tries = 0;; tries++) {
    try {
      return await cri.runtime.version({});
    } catch (err) {
      if (tries % 60 === 0) log.warn("The container runtime does not answer; waiting for it", { endpoint, err });
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
}
