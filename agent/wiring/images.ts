/** Images: what pods need of them, the archives that are imported, and what is removed again. */
import { join } from "node:path";
import type { Clock } from "../clock.ts";
import type { NodeConfig } from "../config/mod.ts";
import {
  ImageCollector,
  type ImageCollectorOptions,
  ImageCommands,
  ImageManager,
  ImagePins,
  ImagePreloader,
  NodeKeyring,
  type Records,
  UseBook,
} from "../images/mod.ts";
import type { Pod } from "../objects/mod.ts";
import { isFromFile } from "../sources/mod.ts";
import { anyFilesystem } from "../stats/mod.ts";
import type { Store, StoreObject } from "../store/mod.ts";
import type { EventRecorder } from "../telemetry/events.ts";
import type { Logger } from "../telemetry/log.ts";
import { lookUp } from "./pods.ts";
import type { Runtime } from "./runtime.ts";

/** Which images are never collected: kept in the store. */
export function imagePins(store: Store): ImagePins {
  return new ImagePins(recordsOf(store, "images"));
}

function recordsOf(store: Store, table: string): Records {
  return {
    get: (key) => store.record(table, key),
    set: (key, value) => store.setRecord(table, key, value),
    keys: () => store.records(table).map(([key]) => key),
  };
}

export interface ImageParts {
  images: ImageManager;
  collector: ImageCollector;
  commands: ImageCommands;
  /** Where archives are imported from; undefined where the runtime takes none. */
  archives?: string;
  /** Begins to import; `onImported` is told when there are new images. */
  preload(onImported: () => void): void;
  stop(): Promise<void>;
}

export function assembleImages(
  { config, store, runtime, pins, events, onCollected, onChanged, clock, log }: {
    config: NodeConfig;
    store: Store;
    runtime: Pick<Runtime, "cri" | "image" | "importer" | "knock">;
    pins: ImagePins;
    events: EventRecorder;
    onCollected: ImageCollectorOptions["onCollected"];
    /** Images have come or gone by somebody's command. */
    onChanged(): void;
    clock: Clock;
    log: Logger;
  },
): ImageParts {
  const { rootDir } = config;
  const keyring = new NodeKeyring([join(rootDir, "config.json"), "/root/.docker/config.json"]);
  const dir = join(rootDir, "images");
  let preloader: ImagePreloader | undefined;
  // a clock that begins in 1970 makes nothing look unused since then
  const book = new UseBook(recordsOf(store, "imageUse"), clock, () => Math.max(clock.now(), store.lastKnownTime));
  const collector = new ImageCollector({
    cri: { runtime: runtime.cri.runtime, image: runtime.image },
    pins,
    book,
    policy: config.imageCollection,
    wanted: () => store.list<Pod>("Pod").map(({ object }) => object).filter(wantsImages),
    space: imageSpace(runtime.image),
    nodeName: config.nodeName,
    events,
    onCollected,
    clock,
    log,
  });
  const images = new ImageManager({
    image: runtime.image,
    secret: (pod, name) => lookUp(store, pod, "Secret", name),
    account: (pod) =>
      isFromFile(pod as StoreObject)
        ? lookUp(store, pod, "ServiceAccount", pod.spec.serviceAccountName || "default")
        : undefined,
    nodeKeyring: () => keyring.get(),
    maxParallelPulls: config.maxParallelImagePulls,
    fallBackToLocal: config.imageFallbackToLocal,
    knock: runtime.knock,
    archives: async () => await preloader?.idle(),
    onPulled: (id) => collector.pulled(id),
    clock,
  });
  return {
    collector,
    commands: new ImageCommands({
      collector,
      manager: images,
      importer: runtime.importer,
      image: runtime.image,
      book,
      clock,
      onChanged,
    }),
    images,
    ...(runtime.importer ? { archives: dir } : {}),
    preload(onImported) {
      const { importer, image } = runtime;
      if (!importer) return;
      preloader = new ImagePreloader({ dir, image, importer, pins, log, clock, onImported });
      preloader.start().catch((err) => log.warn("Cannot preload images", { err }));
    },
    async stop() {
      await Promise.all([preloader?.stop(), collector.stop()]);
    },
  };
}

/** Whether a pod will run, now or later: one that came from a file may come again, one of the API that has ended will not. */
function wantsImages(pod: Pod): boolean {
  const { phase } = pod.status ?? {};
  return phase !== "Succeeded" && phase !== "Failed" || isFromFile(pod as StoreObject);
}

/** Looks at the file system of images; which one that is, the runtime is asked once. */
function imageSpace(image: Runtime["image"]): ImageCollectorOptions["space"] {
  let mountpoint: string | undefined;
  return async () => {
    mountpoint ??= (await image.imageFsInfo({})).imageFilesystems[0]?.fsId?.mountpoint;
    return mountpoint ? await anyFilesystem(mountpoint) : undefined;
  };
}
