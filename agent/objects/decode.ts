/**
 * From a plain value (parsed YAML or JSON) to an object of a known kind: shape, then what is refused by name, then
 * defaults, then validation, with all errors of all steps at once.
 *
 * What has the wrong type is named, taken out, and the rest is checked as if it had not been there; so one slip does
 * not hide the others.
 */
import { defaultObject } from "./defaults/mod.ts";
import { defaultManifestPod } from "./defaults/pod.ts";
import { FieldErrors } from "./field_error.ts";
import { FieldPath } from "./field_path.ts";
import { findKind, type KindInfo, kinds, type KubeObject } from "./kinds.ts";
import { type ManifestHashes, manifestHashes } from "./manifest/hash.ts";
import { dropNulls, isMap, ShapeCheck, typeName } from "./shape.ts";
import { checkSupported } from "./unsupported.ts";
import { validateObject } from "./validation/mod.ts";
import { warnAbout } from "./validation/warnings.ts";

export interface DecodeOptions {
  /** A manifest's object: kubelet's tolerations, no ephemeral containers, the system's own metadata fields dropped. */
  manifest?: boolean;
  /** Unknown fields are errors; else warnings, and dropped. */
  strict?: boolean;
  /** Written into pods as `spec.nodeName`. */
  nodeName?: string;
}

export interface Decoded {
  /** The object, when there are no errors. */
  object?: KubeObject;
  /** What the object was written as, for manifests. */
  hashes?: ManifestHashes;
  /** As far as it could be read: whom the problems are about. */
  identity: { apiVersion?: string; kind?: string; namespace?: string; name?: string };
  problems: FieldErrors;
}

type Json = Record<string, unknown>;

/** Decodes one object. `value` is used up: parts of it become the object. */
export function decodeObject(value: unknown, options: DecodeOptions = {}): Decoded {
  const problems = new FieldErrors();
  const identity = isMap(value) ? identityOf(value) : {};
  if (!isMap(value)) {
    problems.invalid(FieldPath.root, typeName(value), "must be a mapping with apiVersion and kind");
    return { identity, problems };
  }
  const info = knownKind(value, problems);
  if (!info) return { identity, problems };
  dropNulls(value);
  if (options.manifest) dropSystemFields(value);
  // Before anything is filled in: what follows changes `value`.
  const hashes = options.manifest ? manifestHashes(value) : undefined;
  const shape = new ShapeCheck(info, options, problems);
  shape.run(value);
  const object = value as unknown as KubeObject;
  if (object.kind === "Pod" && options.manifest) {
    if (object.spec.ephemeralContainers?.length) {
      problems.forbidden(FieldPath.of("spec", "ephemeralContainers"), "cannot be set on create");
    }
    delete object.spec.nodeName;
  }
  if (object.kind === "Pod" && options.nodeName !== undefined) object.spec.nodeName = options.nodeName;
  const checks = new FieldErrors();
  checkSupported(object, checks);
  warnAbout(object, problems);
  defaultObject(object);
  if (object.kind === "Pod" && options.manifest) defaultManifestPod(object);
  validateObject(object, checks);
  shape.merge(checks);
  if (problems.errors.length) return { identity: { ...identity, namespace: object.metadata.namespace }, problems };
  return { object, ...(hashes ? { hashes } : {}), identity: identityOf(value), problems };
}

function identityOf(value: Json): Decoded["identity"] {
  const text = (part: unknown) => typeof part === "string" && part !== "" ? part : undefined;
  const meta = isMap(value.metadata) ? value.metadata : {};
  return {
    apiVersion: text(value.apiVersion),
    kind: text(value.kind),
    namespace: text(meta.namespace),
    name: text(meta.name),
  };
}

function knownKind({ apiVersion, kind }: Json, problems: FieldErrors): KindInfo | undefined {
  if (typeof apiVersion !== "string" || apiVersion === "") problems.required(FieldPath.of("apiVersion"));
  if (typeof kind !== "string" || kind === "") problems.required(FieldPath.of("kind"));
  if (problems.errors.length) return undefined;
  const info = findKind(apiVersion as string, kind as string);
  if (!info) {
    const same = kinds.find((known) => known.kind === kind);
    const supported = same
      ? `${same.kind} is of apiVersion ${same.apiVersion}`
      : `supported kinds: ${kinds.map((known) => `${known.kind} (${known.apiVersion})`).join(", ")}`;
    problems.unknown(
      FieldPath.of(same ? "apiVersion" : "kind"),
      `no kind "${kind}" is registered for version "${apiVersion}": ${supported}`,
    );
  }
  return info;
}

/** Fields that the system writes; `kubectl get -o yaml` shows them and a manifest made from it still has them. */
const systemFields = [
  "creationTimestamp",
  "deletionGracePeriodSeconds",
  "deletionTimestamp",
  "generation",
  "managedFields",
  "resourceVersion",
  "selfLink",
  "uid",
];

function dropSystemFields(value: Json): void {
  delete value.status;
  if (isMap(value.metadata)) { for (const field of systemFields) delete value.metadata[field]; }
}
