/** What a source writes on its objects, and the two hashes by which it knows them again. */
import { createHash } from "node:crypto";
import type { StoreObject } from "../store/mod.ts";

/** kubelet's: `file` for what comes from the manifest directory. */
export const configSource = "kubernetes.io/config.source";
/** kubelet's; here the same as `dev.islet/spec-hash`. */
export const configHash = "kubernetes.io/config.hash";
/** The file that an object comes from. */
export const sourceFile = "dev.islet/source-file";
/** Hash of what makes a pod this pod: an edit that is applied in place does not change it. */
export const specHash = "dev.islet/spec-hash";
/** Hash of all that the manifest says of an object: the same hash means that nothing was edited. */
export const manifestHash = "dev.islet/manifest-hash";

const own = [configSource, configHash, sourceFile, specHash, manifestHash];

/** The object as it is stored: with the source's annotations, without those that a manifest may not set. */
export function annotate(object: StoreObject, file: string): StoreObject {
  const { uid: _uid, resourceVersion: _version, ...metadata } = object.metadata;
  const { status: _status, ...rest } = object;
  const annotations = { ...metadata.annotations };
  for (const name of own) delete annotations[name];
  const written = { ...rest, metadata: { ...metadata, annotations } };
  const whole = digest(written);
  annotations[configSource] = "file";
  annotations[sourceFile] = file;
  annotations[manifestHash] = whole;
  if (object.kind === "Pod") annotations[configHash] = annotations[specHash] = identityHash(object);
  return written;
}

/** Hash of a pod's spec without the fields that may be edited in place. */
export function identityHash(pod: StoreObject): string {
  const { activeDeadlineSeconds: _a, tolerations: _t, nodeName: _n, ...spec } = (pod.spec ?? {}) as Record<
    string,
    unknown
  >;
  const withoutImages = (list: unknown) =>
    Array.isArray(list) ? list.map((container) => ({ ...container, image: undefined })) : list;
  return digest({
    ...spec,
    containers: withoutImages(spec.containers),
    initContainers: withoutImages(spec.initContainers),
  });
}

/** SHA-256 over JSON with sorted keys, shortened as kubelet's hashes are: 32 hexadecimal digits. */
function digest(value: unknown): string {
  return createHash("sha256").update(canonical(value)).digest("hex").slice(0, 32);
}

/** JSON in one form: keys sorted, absent and `undefined` the same. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonical(item ?? null)).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const fields = Object.entries(value).filter(([, field]) => field !== undefined)
    .sort(([a], [b]) => a < b ? -1 : a > b ? 1 : 0)
    .map(([key, field]) => `${JSON.stringify(key)}:${canonical(field)}`);
  return `{${fields.join(",")}}`;
}

/** Whether a stored object belongs to the manifest directory. */
export function isFromFile(object: StoreObject): boolean {
  return object.metadata.annotations?.[configSource] === "file";
}

/** The file that a stored object names as its source. */
export function fileOf(object: StoreObject): string | undefined {
  return object.metadata.annotations?.[sourceFile];
}
