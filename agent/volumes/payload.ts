/**
 * The files of configMap, secret, downwardAPI and projected volumes, worked out from the pod and the objects that it
 * names. Pure: nothing is read or written.
 */
import type { ConfigMap, KeyToPath, Pod, Secret, Volume } from "../objects/mod.ts";
import { ContainerConfigError, type DownwardContext, fieldValue, resourceValue } from "../runtime/mod.ts";
import { SetUpError } from "./errors.ts";

/** One file of a volume. */
export interface PayloadFile {
  data: Uint8Array;
  /** Permission bits. */
  mode: number;
  /** Owner, where it is not root. */
  uid?: number;
}

/** Files by path relative to the volume; the paths are checked and clean. */
export type Payload = Map<string, PayloadFile>;

/** Looks up an object that a pod refers to, in the pod's own realm. */
export type Lookup = (kind: "ConfigMap" | "Secret", name: string) => ConfigMap | Secret | undefined;

export interface PayloadContext {
  pod: Pod;
  lookup: Lookup;
  facts: DownwardContext;
  /** Token of each serviceAccountToken source, by its index among `projected.sources`. */
  tokens: ReadonlyMap<number, string>;
}

/** kubelet's defaults where the manifest went through no defaulting. */
const defaultMode = 0o644;

/** Whether a volume's files are made by us from objects. */
export function hasPayload(volume: Volume): boolean {
  return Boolean(volume.configMap || volume.secret || volume.downwardAPI || volume.projected);
}

/**
 * What the files depend on: objects by identity (the store hands out the same frozen object until it changes) and
 * downward values as text. Equal inputs mean equal files.
 */
export function payloadInputs(volume: Volume, context: PayloadContext): unknown[] {
  const inputs: unknown[] = [];
  for (const source of sourcesOf(volume)) {
    if (source.configMap) inputs.push(context.lookup("ConfigMap", source.configMap.name ?? ""));
    if (source.secret) inputs.push(context.lookup("Secret", source.secret.name ?? ""));
    for (const item of source.downwardAPI?.items ?? []) inputs.push(downwardInput(item, context));
    if (source.serviceAccountToken) inputs.push(context.tokens.get(source.index));
  }
  return inputs;
}

/** An item's text, or what is wrong with it: `buildPayload` will say so. */
function downwardInput(item: DownwardItem, context: PayloadContext): unknown {
  try {
    return downwardText(item, context);
  } catch (err) {
    return err;
  }
}

/** The files of a volume. @throws {SetUpError} naming what is missing, everything at once. */
export function buildPayload(volume: Volume, context: PayloadContext): Payload {
  const whole = volume.configMap ?? volume.secret ?? volume.downwardAPI ?? volume.projected;
  const mode = whole?.defaultMode ?? defaultMode;
  const security = context.pod.spec.securityContext;
  const uid = soleUser(context.pod);
  const files = new Map<string, PayloadFile>();
  const problems: string[] = [];
  for (const source of sourcesOf(volume)) {
    try {
      if (source.configMap) {
        const { name = "", items, optional } = source.configMap;
        const found = context.lookup("ConfigMap", name) as ConfigMap | undefined;
        if (!found && !optional) throw new SetUpError(`configmap "${name}" not found`);
        addAll(
          files,
          keyFiles(configMapData(found), items, mode, optional, "configmap references non-existent config key"),
        );
      }
      if (source.secret) {
        const { name = "", items, optional } = source.secret;
        const found = context.lookup("Secret", name) as Secret | undefined;
        if (!found && !optional) throw new SetUpError(`secret "${name}" not found`);
        addAll(files, keyFiles(secretData(found), items, mode, optional, "references non-existent secret key"));
      }
      for (const item of source.downwardAPI?.items ?? []) {
        files.set(cleanPath(item.path), {
          data: new TextEncoder().encode(downwardText(item, context)),
          mode: item.mode ?? mode,
        });
      }
      if (source.serviceAccountToken) {
        const token = context.tokens.get(source.index);
        if (token === undefined) {
          throw new SetUpError("failed to fetch token: this node has no issuer of service account tokens");
        }
        // Private to the one user of all containers, or to root and (by ownership) the fsGroup.
        const narrow = uid !== undefined || security?.fsGroup !== undefined;
        files.set(cleanPath(source.serviceAccountToken.path), {
          data: new TextEncoder().encode(token),
          mode: narrow ? 0o600 : mode,
          ...(uid === undefined ? {} : { uid }),
        });
      }
      if (source.clusterTrustBundle) throw new SetUpError("clusterTrustBundle sources are not supported by this node");
      if (source.podCertificate) throw new SetUpError("podCertificate sources are not supported by this node");
    } catch (err) {
      if (!(err instanceof SetUpError)) throw err;
      problems.push(err.message);
    }
  }
  // apimachinery's Aggregate: one error as it is, several in brackets.
  if (problems.length > 0) throw new SetUpError(problems.length === 1 ? problems[0] : `[${problems.join(", ")}]`);
  checkConflicts(files);
  return files;
}

interface Source {
  index: number;
  configMap?: { name?: string; items?: readonly KeyToPath[]; optional?: boolean };
  secret?: { name?: string; items?: readonly KeyToPath[]; optional?: boolean };
  downwardAPI?: { items?: readonly DownwardItem[] };
  serviceAccountToken?: { audience?: string; expirationSeconds?: number; path: string };
  clusterTrustBundle?: unknown;
  podCertificate?: unknown;
}

interface DownwardItem {
  path: string;
  mode?: number;
  fieldRef?: { fieldPath: string };
  resourceFieldRef?: { containerName?: string; resource: string; divisor?: string | number };
}

/** A volume as a list of projected sources; the plain kinds have one. */
function sourcesOf(volume: Volume): Source[] {
  const { configMap, secret, downwardAPI, projected } = volume;
  if (configMap) return [{ index: 0, configMap: configMap as Source["configMap"] }];
  if (secret) {
    const { secretName, items, optional } = secret;
    return [{ index: 0, secret: { name: secretName, items, optional } as Source["secret"] }];
  }
  if (downwardAPI) return [{ index: 0, downwardAPI: downwardAPI as Source["downwardAPI"] }];
  return (projected?.sources ?? []).map((source, index) => ({ ...(source as Omit<Source, "index">), index }));
}

/** The service account tokens that a volume asks for. */
export function tokenRequests(
  volume: Volume,
): { index: number; audience?: string; expirationSeconds: number; path: string }[] {
  return sourcesOf(volume).flatMap(({ index, serviceAccountToken: token }) =>
    token
      ? [{
        index,
        path: token.path,
        expirationSeconds: token.expirationSeconds ?? 3600,
        ...(token.audience ? { audience: token.audience } : {}),
      }]
      : []
  );
}

function downwardText(item: DownwardItem, { pod, facts }: PayloadContext): string {
  try {
    if (item.fieldRef) return fieldValue(pod, item.fieldRef.fieldPath, facts);
    if (item.resourceFieldRef) return resourceValue(pod, item.resourceFieldRef, undefined, facts);
  } catch (err) {
    if (err instanceof ContainerConfigError) throw new SetUpError(err.message, { cause: err });
    throw err;
  }
  throw new SetUpError(`downwardAPI item "${item.path}" has neither fieldRef nor resourceFieldRef`);
}

type KeyData = { [key: string]: () => Uint8Array };

function configMapData(configMap: ConfigMap | undefined): KeyData {
  const data: KeyData = {};
  for (const [key, text] of Object.entries(configMap?.data ?? {})) data[key] = () => new TextEncoder().encode(text);
  for (const [key, text] of Object.entries(configMap?.binaryData ?? {})) data[key] = () => fromBase64(text);
  return data;
}

function secretData(secret: Secret | undefined): KeyData {
  const data: KeyData = {};
  for (const [key, text] of Object.entries(secret?.data ?? {})) data[key] = () => fromBase64(text);
  return data;
}

function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
}

function keyFiles(
  data: KeyData,
  items: readonly KeyToPath[] | undefined,
  mode: number,
  optional: boolean | undefined,
  missing: string,
): Payload {
  const files: Payload = new Map();
  if (!items || items.length === 0) {
    for (const [key, read] of Object.entries(data)) files.set(cleanPath(key), { data: read(), mode });
    return files;
  }
  for (const item of items) {
    if (!Object.hasOwn(data, item.key)) {
      if (optional) continue;
      throw new SetUpError(`${missing}: ${item.key}`);
    }
    files.set(cleanPath(item.path), { data: data[item.key](), mode: item.mode ?? mode });
  }
  return files;
}

/** `a//b/./c` → `a/b/c`. @throws {SetUpError} for a path that could leave the volume or hide our own links. */
export function cleanPath(path: string): string {
  const invalid = (what: string) => new SetUpError(`invalid path: ${what}: ${path}`);
  if (path === "") throw new SetUpError('invalid path: must not be empty: ""');
  if (path.startsWith("/")) throw invalid("must be relative path");
  if (path.includes("\0")) throw new SetUpError("invalid path: must not contain NUL");
  const bytes = (text: string) => new TextEncoder().encode(text).length;
  if (bytes(path) > 4096) throw new SetUpError("invalid path: must be less than or equal to 4096 characters");
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.length === 0) throw invalid("must name a file");
  for (const part of parts) {
    if (part === "..") throw invalid("must not contain '..'");
    if (bytes(part) > 255) throw new SetUpError("invalid path: filenames must be less than or equal to 255 characters");
  }
  if (parts[0].startsWith("..")) throw invalid("must not start with '..'");
  return parts.join("/");
}

/** A path cannot be a file and a directory at once. */
function checkConflicts(files: Payload): void {
  for (const path of files.keys()) {
    for (let at = path.indexOf("/"); at > 0; at = path.indexOf("/", at + 1)) {
      const parent = path.slice(0, at);
      if (files.has(parent)) throw new SetUpError(`invalid path: ${path} lies below the file ${parent}`);
    }
  }
}

function addAll(into: Payload, files: Payload): void {
  for (const [path, file] of files) into.set(path, file);
}

/** The user that every container runs as, where all of them say the same. */
export function soleUser(pod: Pod): number | undefined {
  let sole: number | undefined;
  for (const container of [...(pod.spec.initContainers ?? []), ...pod.spec.containers]) {
    const user = container.securityContext?.runAsUser ?? pod.spec.securityContext?.runAsUser;
    if (user === undefined || (sole !== undefined && sole !== user)) return undefined;
    sole = user;
  }
  return sole;
}
