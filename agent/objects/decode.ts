/**
 * From a plain value (parsed YAML or JSON) to an object of a known kind: shape, then what is refused by name, then
 * defaults, then validation, with all errors of all steps at once.
 *
 * What has the wrong type is named, taken out, and the rest is checked as if it had not been there; so one slip does
 * not hide the others.
 */
import { nearest } from "../nearest.ts";
import { defaultObject } from "./defaults/mod.ts";
import { defaultManifestPod } from "./defaults/pod.ts";
import { FieldErrors } from "./field_error.ts";
import { FieldPath, type PathStep } from "./field_path.ts";
import { fieldsAt } from "./fields_at.ts";
import { kindHint } from "./kind_hint.ts";
import { findKind, type KindInfo, kinds, type ManifestObject } from "./kinds.ts";
import { type ManifestHashes, manifestHashes } from "./manifest/hash.ts";
import {
  dropNulls,
  isMap,
  type Json,
  ShapeCheck,
  type ShapeFindings,
  typeName,
  unreadableQuantity,
  type WrongType,
} from "./shape.ts";
import { quantityWords } from "./validation/resources.ts";
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
  object?: ManifestObject;
  /** What the object was written as, for manifests. */
  hashes?: ManifestHashes;
  /** As far as it could be read: whom the problems are about. */
  identity: { apiVersion?: string; kind?: string; namespace?: string; name?: string };
  problems: FieldErrors;
}

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
  const shape = new ShapeCheck(info.schema(), new ManifestFindings(info, options, problems), problems);
  shape.run(value);
  const object = value as unknown as ManifestObject;
  if (object.kind === "Pod" && options.manifest) {
    if (object.spec.ephemeralContainers?.length) {
      problems.forbidden(FieldPath.of("spec", "ephemeralContainers"), "cannot be set on create");
    }
    delete object.spec.nodeName;
  }
  if (object.kind === "Pod" && options.nodeName !== undefined) object.spec.nodeName = options.nodeName;
  const checks = new FieldErrors();
  checkSupported(object, checks, { manifest: options.manifest ?? false });
  warnAbout(object, problems, { manifest: options.manifest ?? false });
  defaultObject(object);
  if (object.kind === "Pod" && options.manifest) defaultManifestPod(object);
  validateObject(object, checks);
  if (options.manifest && !object.metadata.name && object.metadata.generateName) {
    checks.required(
      FieldPath.of("metadata", "name"),
      "a name is needed here: generateName would make a new one each time",
    );
  }
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
  if (info?.use !== "manifest") {
    const known = kinds.some((each) => each.kind === kind);
    const hint = kindHint(kind as string) ?? `supported kinds: ${kinds.map((each) => each.kind).join(", ")}`;
    problems.unknown(
      FieldPath.of(known ? "apiVersion" : "kind"),
      info
        ? `${kind} (${apiVersion}) is not for manifests: ${hint}`
        : `no kind "${kind}" is registered for version "${apiVersion}": ${hint}`,
    );
    return undefined;
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

/** Words for the types of fields. */
const typeWords: Record<string, string> = {
  string: "must be a string",
  int32: "must be an integer",
  int64: "must be an integer",
  boolean: "must be true or false",
  array: "must be a list",
  object: "must be a mapping",
  record: "must be a mapping",
  quantity: "must be a quantity: a string or a number",
  time: "must be a time such as 2006-01-02T15:04:05Z",
  "int or string": "must be a port's number or name",
};

/** What does not fit, in words for who writes manifests. */
class ManifestFindings implements ShapeFindings {
  constructor(
    private readonly info: KindInfo,
    private readonly options: DecodeOptions,
    private readonly problems: FieldErrors,
  ) {}

  unknownField(path: FieldPath, key: string, steps: readonly PathStep[]): void {
    const near = nearest(key, fieldsAt(this.info.schema(), steps));
    const message = `unknown field ${JSON.stringify(key)}${near ? ` (did you mean ${JSON.stringify(near)}?)` : ""}`;
    if (this.options.strict) this.problems.unknown(path, message);
    else this.problems.warn(path, message);
  }

  wrongType(wrong: WrongType): void {
    const { path, found, expected } = wrong;
    const plain = typeof found === "number" || typeof found === "boolean";
    const hint = expected === "string" && plain ? `, not a ${typeof found}: put it in quotes` : "";
    const words = unreadableQuantity(wrong) ? quantityWords : typeWords[expected] ?? `must be of type ${expected}`;
    this.problems.invalid(path, this.#show(wrong), words + hint);
  }

  /** A value for a message; never what is in a Secret. */
  #show({ steps, found }: WrongType): unknown {
    if (this.info.kind === "Secret" && (steps[0] === "data" || steps[0] === "stringData")) return "<redacted>";
    return typeof found === "object" ? typeName(found) : found;
  }
}
