/**
 * Images: from registries (manager.ts), from archives (preload.ts), and the one that islet carries in itself (pause.ts); and
 * their end (collector.ts).
 */
export { ImageCollector, type ImageCollectorOptions, type Pruned, type PruneOptions } from "./collector.ts";
export { ImageCommandError, ImageCommands, type ImageInfo } from "./commands.ts";
export { directRegistries, RegistryHosts } from "./hosts.ts";
export { type Archive, CtrImporter, type CtrImporterOptions, type ImageImporter } from "./importer.ts";
export { type Credentials, type Keyring, parseDockerConfig } from "./keyring.ts";
export { type EnsuredImage, type EnsureOptions, ImageManager, type ImageManagerOptions } from "./manager.ts";
export { type ImageArchive, type ImageSpec, ociArchive, ociArchiveOf } from "./oci_archive.ts";
export { machineArchitecture, pauseArchive } from "./pause.ts";
export { ImagePins, memoryRecords, type Records } from "./pins.ts";
export { type CollectionPolicy, type HeldImage, type Hold, planCollection } from "./plan_collection.ts";
export { ImagePreloader, type PreloadOptions } from "./preload.ts";
export { decidePull, ImageError, type ImageReason, type PullPolicy } from "./pull_policy.ts";
export { NodeKeyring } from "./pull_secrets.ts";
export { type ImageReference, parseReference } from "./reference.ts";
export { ensurePauseImage, pinRuntimeSandboxImage } from "./sandbox_image.ts";
export { tar, type TarEntry, untar } from "./tar.ts";
export { UseBook } from "./use_book.ts";
