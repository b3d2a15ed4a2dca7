/** Images: what pods need of them, and the archives that are imported. */
import { join } from "node:path";
import type { Clock } from "../clock.ts";
import type { NodeConfig } from "../config/mod.ts";
import { ImageManager, ImagePins, ImagePreloader, NodeKeyring } from "../images/mod.ts";
import type { Store } from "../store/mod.ts";
import type { Logger } from "../telemetry/log.ts";
import { lookUp } from "./pods.ts";
import type { Runtime } from "./runtime.ts";

/** Which images are never collected: kept in the store. */
export function imagePins(store: Store): ImagePins {
  return new ImagePins({
    get: (key) => store.record("images", key),
    set: (key, value) => store.setRecord("images", key, value),
    keys: () => store.records("images").map(([key]) => key),
  });
}

export interface ImageParts {
  images: ImageManager;
  /** Where archives are imported from; undefined where the runtime takes none. */
  archives?: string;
  /** Begins to import; `onImported` is told when there are new images. */
  preload(onImported: () => void): void;
  stop(): Promise<void>;
}

export function assembleImages(
  { config, store, runtime, pins, clock, log }: {
    config: NodeConfig;
    store: Store;
    runtime: Pick<Runtime, "image" | "importer" | "knock">;
    pins: ImagePins;
    clock: Clock;
    log: Logger;
  },
): ImageParts {
  const { rootDir } = config;
  const keyring = new NodeKeyring([join(rootDir, "config.json"), "/root/.docker/config.json"]);
  const dir = join(rootDir, "images");
  let preloader: ImagePreloader | undefined;
  return {
    images: new ImageManager({
      image: runtime.image,
      secret: (pod, name) => lookUp(store, pod, "Secret", name),
      nodeKeyring: () => keyring.get(),
      maxParallelPulls: config.maxParallelImagePulls,
      fallBackToLocal: config.imageFallbackToLocal,
      knock: runtime.knock,
      archives: async () => await preloader?.idle(),
      clock,
    }),
    ...(runtime.importer ? { archives: dir } : {}),
    preload(onImported) {
      const { importer, image } = runtime;
      if (!importer) return;
      preloader = new ImagePreloader({ dir, image, importer, pins, log, clock, onImported });
      preloader.start().catch((err) => log.warn("Cannot preload images", { err }));
    },
    stop: async () => await preloader?.stop(),
  };
}
