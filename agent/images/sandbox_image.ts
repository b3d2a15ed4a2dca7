/** Sees to it that the runtime has the image of every pod sandbox, and that nobody collects it. */
import type { CriClient } from "../../cri/mod.ts";
import type { ImageImporter } from "./importer.ts";
import { pauseArchive } from "./pause.ts";
import type { ImagePins } from "./pins.ts";
import { settled } from "./preload.ts";

/** Imports the carried image as `name` unless the runtime has it already. */
export async function ensurePauseImage(
  { image, importer, pins, name, signal = new AbortController().signal }: {
    image: CriClient["image"];
    importer: ImageImporter;
    pins: ImagePins;
    name: string;
    signal?: AbortSignal;
  },
): Promise<void> {
  const archive = pauseArchive(name);
  const { image: found } = await image.imageStatus({ image: { image: name } }, { signal });
  if (found?.id !== archive.id) {
    await importer.import(archive.bytes, signal);
    await settled(image, name, signal);
  }
  pins.pinSandbox(archive.id);
}

/** Pins the sandbox image of a runtime that somebody else configured; returns its name where the runtime tells it. */
export async function pinRuntimeSandboxImage(
  cri: Pick<CriClient, "runtime" | "image">,
  pins: ImagePins,
): Promise<{ name: string; present: boolean } | undefined> {
  const { info } = await cri.runtime.status({ verbose: true });
  const name = sandboxImageOf(info.config);
  if (name === undefined) return undefined;
  const { image } = await cri.image.imageStatus({ image: { image: name } });
  if (image) pins.pinSandbox(image.id);
  return { name, present: image !== undefined };
}

/** The name in containerd's configuration as its verbose status prints it; it has moved between versions. */
export function sandboxImageOf(config: string | undefined): string | undefined {
  try {
    const parsed = JSON.parse(config ?? "{}");
    const name = parsed.sandboxImage ?? parsed.pinnedImages?.sandbox ?? parsed.images?.pinnedImages?.sandbox;
    return typeof name === "string" && name !== "" ? name : undefined;
  } catch {
    return undefined;
  }
}
