/**
 * The hashes by which a manifest's object is known again. They cover what was written, before any default is filled in:
 * a release of this program with other defaults must not take an unedited file for an edited one.
 */
import { createHash } from "node:crypto";
import { canonicalJson } from "../equality.ts";

export interface ManifestHashes {
  /** Of everything that is said of the object. */
  manifest: string;
  /** Of what makes a pod this pod: an edit that is applied in place does not change it. Pods only. */
  identity?: string;
}

type Json = Record<string, unknown>;

/** The hashes of one object as it is written. */
export function manifestHashes(written: unknown): ManifestHashes {
  const { kind, spec } = written as Json;
  return { manifest: digest(written), ...(kind === "Pod" ? { identity: identityHash(spec) } : {}) };
}

/** Hash of a pod's spec without the fields that may be edited in place. */
export function identityHash(spec: unknown): string {
  const { activeDeadlineSeconds: _a, tolerations: _t, nodeName: _n, ...rest } = (isMap(spec) ? spec : {}) as Json;
  return digest({
    ...rest,
    containers: withoutImages(rest.containers),
    initContainers: withoutImages(rest.initContainers),
  });
}

function withoutImages(list: unknown): unknown {
  return Array.isArray(list)
    ? list.map((container) => isMap(container) ? { ...container, image: undefined } : container)
    : list;
}

function isMap(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** SHA-256 over JSON in one form, shortened as kubelet's hashes are: 32 hexadecimal digits. */
function digest(value: unknown): string {
  return createHash("sha256").update(canonicalJson(value)).digest("hex").slice(0, 32);
}
