/** What a source writes on its objects, and the two hashes by which it knows them again. */
import { type ManifestHashes, manifestHashes } from "../objects/mod.ts";
import type { StoreObject } from "../store/mod.ts";

/** kubelet's: `file` for what comes from the manifest directory. */
export const configSource = "kubernetes.io/config.source";
/** kubelet's; here the same as `dev.islet/spec-hash`. */
export const configHash = "kubernetes.io/config.hash";
/** kubelet's, on the pods by which an API shows its static pods: `kubectl drain` passes over those. */
const configMirror = "kubernetes.io/config.mirror";
/** The file that an object comes from. */
export const sourceFile = "dev.islet/source-file";
/** Hash of what makes a pod this pod: an edit that is applied in place does not change it. */
export const specHash = "dev.islet/spec-hash";
/** Hash of all that the manifest says of an object: the same hash means that nothing was edited, whatever the defaults. */
export const manifestHash = "dev.islet/manifest-hash";

/** On what the node makes by itself, such as a namespace that a manifest names: a manifest may take it over. */
export const madeByNode = "dev.islet/made-by-node";

const own = [configSource, configHash, configMirror, sourceFile, specHash, manifestHash, madeByNode];

/**
 * The object as it is stored: with the source's annotations, without those that a manifest may not set. `hashes` are of
 * the text that it was read from; without them the object itself is hashed.
 */
export function annotate(object: StoreObject, file: string, hashes?: ManifestHashes): StoreObject {
  const { uid: _uid, resourceVersion: _version, ...metadata } = object.metadata;
  const { status: _status, ...rest } = object;
  const annotations = { ...metadata.annotations };
  for (const name of own) delete annotations[name];
  const written = { ...rest, metadata: { ...metadata, annotations } };
  const { manifest, identity } = hashes ?? manifestHashes(written);
  annotations[configSource] = "file";
  annotations[sourceFile] = file;
  annotations[manifestHash] = manifest;
  if (identity !== undefined) {
    annotations[configHash] = annotations[specHash] = identity;
    annotations[configMirror] = identity;
  }
  return written;
}

/** An annotated object, found in another file. */
export function movedTo(object: StoreObject, file: string): StoreObject {
  const { metadata } = object;
  return { ...object, metadata: { ...metadata, annotations: { ...metadata.annotations, [sourceFile]: file } } };
}

/** Whether a stored object belongs to the manifest directory. */
export function isFromFile(object: StoreObject): boolean {
  return object.metadata.annotations?.[configSource] === "file";
}

/** Whether the node made a stored object by itself. */
export function isMadeByNode(object: StoreObject): boolean {
  return object.metadata.annotations?.[madeByNode] !== undefined;
}

/** The file that a stored object names as its source. */
export function fileOf(object: StoreObject): string | undefined {
  return object.metadata.annotations?.[sourceFile];
}

/**
 * Annotations as somebody else than a source writes them: what sources say of an object stays as it is (`current`), and is
 * nobody else's to say.
 */
export function keepSource(
  given: Readonly<Record<string, string>> | undefined,
  current: Readonly<Record<string, string>> = {},
): Record<string, string> | undefined {
  const kept = own.filter((name) => current[name] !== undefined);
  if (kept.length === 0 && !own.some((name) => given?.[name] !== undefined)) return given;
  const annotations = { ...given };
  for (const name of own) delete annotations[name];
  for (const name of kept) annotations[name] = current[name];
  return Object.keys(annotations).length > 0 ? annotations : undefined;
}
