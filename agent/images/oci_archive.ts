/**
 * Writes a container image as an OCI archive (an OCI image layout in a tar file), which `ctr images import`, `podman load`
 * and `skopeo` read. Pure and deterministic: the same input has the same digests everywhere.
 */
import { createHash } from "node:crypto";
import type { Architecture } from "./pause_elf.ts";
import { tar, type TarEntry } from "./tar.ts";

/** What the image runs; the fields of an OCI image configuration under their own names. */
export interface ImageConfig {
  Entrypoint?: string[];
  Cmd?: string[];
  Env?: string[];
  WorkingDir?: string;
  User?: string;
  StopSignal?: string;
  ExposedPorts?: Record<string, Record<string, never>>;
  Volumes?: Record<string, Record<string, never>>;
  Labels?: Record<string, string>;
}

export interface ImageSpec {
  /** Full names, registry and tag included: `dev.islet/pause:1`. */
  names: string[];
  architecture: Architecture;
  config: ImageConfig;
  /** Uncompressed tar files, lowest first. */
  layers: Uint8Array[];
}

/** The digests by which an image is known. */
export interface ImageDigests {
  /** Of the manifest. */
  digest: string;
  /** Of the image configuration: what CRI calls the image's id. */
  id: string;
}

/** An archive of one image. */
export interface ImageArchive extends ImageDigests {
  bytes: Uint8Array<ArrayBuffer>;
}

const types = {
  index: "application/vnd.oci.image.index.v1+json",
  manifest: "application/vnd.oci.image.manifest.v1+json",
  config: "application/vnd.oci.image.config.v1+json",
  layer: "application/vnd.oci.image.layer.v1.tar",
};

/** `sha256:…` of some bytes. */
export function digestOf(bytes: Uint8Array): string {
  return "sha256:" + createHash("sha256").update(bytes).digest("hex");
}

/** One image in an archive of its own. */
export function ociArchive(image: ImageSpec): ImageArchive {
  const { bytes, images: [digests] } = ociArchiveOf([image]);
  return { bytes, ...digests };
}

/** Several images in one archive; layers that they share are in it once. */
export function ociArchiveOf(images: readonly ImageSpec[]): { bytes: Uint8Array<ArrayBuffer>; images: ImageDigests[] } {
  const blobs = new Map<string, Uint8Array>();
  const blob = (mediaType: string, content: Uint8Array) => {
    const digest = digestOf(content);
    blobs.set(digest, content);
    return { mediaType, digest, size: content.length };
  };
  const descriptors = images.map(({ names, architecture, config: run, layers: tars }) => {
    const layers = tars.map((layer) => blob(types.layer, layer));
    const platform = { architecture, os: "linux", ...(architecture === "arm64" ? { variant: "v8" } : {}) };
    const config = blob(
      types.config,
      json({
        created: epoch,
        ...platform,
        config: run,
        rootfs: { type: "layers", diff_ids: layers.map(({ digest }) => digest) },
        history: layers.map(() => ({ created: epoch, created_by: "islet" })),
      }),
    );
    const manifest = blob(types.manifest, json({ schemaVersion: 2, mediaType: types.manifest, config, layers }));
    return { names, manifest, platform, id: config.digest };
  });
  const index = {
    schemaVersion: 2,
    mediaType: types.index,
    manifests: descriptors.flatMap(({ names, manifest, platform }) =>
      names.map((name) => ({
        ...manifest,
        platform,
        annotations: { "io.containerd.image.name": name, "org.opencontainers.image.ref.name": name },
      }))
    ),
  };
  const entries: TarEntry[] = [
    { path: "oci-layout", content: json({ imageLayoutVersion: "1.0.0" }) },
    { path: "index.json", content: json(index) },
    { path: "blobs", type: "directory" },
    { path: "blobs/sha256", type: "directory" },
    ...[...blobs].map(([digest, content]) => ({ path: `blobs/${digest.replace(":", "/")}`, content })),
  ];
  return { bytes: tar(entries), images: descriptors.map(({ manifest, id }) => ({ digest: manifest.digest, id })) };
}

/** Nothing in an archive depends on when it was made. */
const epoch = "1970-01-01T00:00:00Z";

function json(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}
