/**
 * Sees to it that a container's image is on the machine before the container starts.
 *
 *     ensure(pod, container) ─► is it there? ─► decidePull() ─► use it · fall back on it · pull it · wait · refuse
 *                                               pull: credentials in turn, once for all who want the image, few at a time
 *
 * Decisions are in pull_policy.ts, credentials in keyring.ts, archives that need no registry in preload.ts.
 */
import { Buffer } from "node:buffer";
import { type CriClient, CriError, type Image, isCanceled } from "../../cri/mod.ts";
import { type Clock, systemClock } from "../clock.ts";
import type { Container, Pod, Secret, ServiceAccount } from "../objects/mod.ts";
import type { EventType } from "../telemetry/events.ts";
import { PullBackOff } from "./back_off.ts";
import { RegistryHosts } from "./hosts.ts";
import { type Credentials, fingerprint, type Keyring, lookUp } from "./keyring.ts";
import { decidePull, defaultPolicy, ImageError, type PullPolicy, saysUnreachable } from "./pull_policy.ts";
import { podKeyrings } from "./pull_secrets.ts";
import { type ImageReference, parseReference } from "./reference.ts";
import { SharedWork } from "./shared_work.ts";

export interface ImageManagerOptions {
  image: CriClient["image"];
  /** Looks a Secret up in the pod's own realm and namespace. */
  secret: (pod: Pod, name: string) => Secret | undefined;
  /** The account whose pull secrets a pod has that names none itself. */
  account?: (pod: Pod) => ServiceAccount | undefined;
  /** The node's own credentials. */
  nodeKeyring?: () => Keyring;
  clock?: Clock;
  /** Pulls at once; default: no limit. */
  maxParallelPulls?: number;
  /** Whether `Always` makes do with the local image when the registry cannot be reached. */
  fallBackToLocal?: boolean;
  /** Told of registries; `undefined`: their reachability is only learnt from failed pulls (mirrors, proxies). */
  hosts?: RegistryHosts;
  /** Whether a registry may be knocked at before a pull. */
  knock?: (registry: string) => boolean;
  backOff?: PullBackOff;
  /** Resolves when no archive is being imported: an image that is missing may be in one. */
  archives?: () => Promise<void>;
  /** Told of every image that has come from a registry. */
  onPulled?: (imageId: string) => void;
}

export interface EnsureOptions {
  signal: AbortSignal;
  onEvent?: (type: EventType, reason: string, message: string) => void;
}

/** What a container needs to know of its image. */
export interface EnsuredImage {
  /** What CreateContainer is given: the image's id. */
  imageRef: string;
  repoDigests: string[];
  size: number;
  /** The image's own user: a number, or a name that only the image's files can resolve; neither: root. */
  uid?: number;
  username?: string;
}

type OnEvent = NonNullable<EnsureOptions["onEvent"]>;

export class ImageManager {
  readonly #options:
    & Required<Omit<ImageManagerOptions, "nodeKeyring" | "account" | "maxParallelPulls">>
    & Pick<ImageManagerOptions, "nodeKeyring" | "account">;
  readonly #pulls: SharedWork<Image>;

  constructor(options: ImageManagerOptions) {
    const clock = options.clock ?? systemClock;
    this.#options = {
      fallBackToLocal: true,
      knock: () => true,
      archives: () => Promise.resolve(),
      onPulled: () => {},
      hosts: new RegistryHosts({ clock }),
      backOff: new PullBackOff(clock),
      ...options,
      clock,
    };
    this.#pulls = new SharedWork(options.maxParallelPulls ?? Infinity);
  }

  /**
   * Resolves when the container's image is on the machine. Throws {@linkcode ImageError} (the waiting state's reason and
   * message, and when to ask again), or the signal's reason when aborted.
   */
  async ensure(
    pod: Pod,
    container: Pick<Container, "name" | "image" | "imagePullPolicy">,
    { signal, onEvent = () => {} }: EnsureOptions,
  ): Promise<EnsuredImage> {
    try {
      return await this.#ensure(pod, container, signal, onEvent);
    } catch (err) {
      if (err instanceof ImageError) onEvent("Warning", "Failed", `Error: ${err.reason}`);
      throw err;
    }
  }

  /** Whether the image is on the machine. */
  async find(reference: string, signal?: AbortSignal): Promise<EnsuredImage | undefined> {
    const { image } = await this.#options.image.imageStatus({ image: { image: reference } }, { signal });
    return image && ensured(image);
  }

  /** Pulls an image by somebody's command, with the node's own credentials. Throws in the runtime's words. */
  async pull(name: string, signal: AbortSignal): Promise<EnsuredImage> {
    const reference = parseReference(name);
    const node = this.#options.nodeKeyring?.();
    const credentials = lookUp(reference, node ? [node] : []);
    try {
      return ensured(await this.#pullShared(reference, credentials, signal));
    } catch (cause) {
      signal.throwIfAborted();
      // the cause may quote what it was sent, and is left out
      throw new Error(`Cannot pull ${reference.text}: ${withoutCredentials(detail(cause), credentials)}`);
    }
  }

  /** Drops what is remembered for a pod that is gone. */
  forget(podUid: string): void {
    this.#options.backOff.forget(`${podUid}\0`);
  }

  async #ensure(
    pod: Pod,
    { image: name = "", imagePullPolicy }: Pick<Container, "image" | "imagePullPolicy">,
    signal: AbortSignal,
    onEvent: OnEvent,
  ): Promise<EnsuredImage> {
    const { backOff, hosts, fallBackToLocal, knock } = this.#options;
    const reference = this.#parse(name, onEvent);
    const policy = (imagePullPolicy as PullPolicy | undefined) ?? defaultPolicy(reference);
    let present = await this.#inspect(reference, signal, onEvent);
    if (!present) {
      await unlessAborted(this.#options.archives(), signal);
      present = await this.#inspect(reference, signal, onEvent);
    }
    const credentials = policy === "Never" || policy === "IfNotPresent" && present
      ? []
      : this.#credentials(pod, reference, onEvent);
    // A pod's failures are its own, and new credentials deserve a try at once.
    const key = [pod.metadata.uid ?? "", reference.text, fingerprint(credentials)].join("\0");
    const waiting = backOff.left(key);
    const canFallBack = policy === "Always" && present !== undefined && fallBackToLocal;
    const unreachable = canFallBack &&
      (knock(reference.registry) ? !(await hosts.reachable(reference.registry)) : hosts.isDown(reference.registry));
    signal.throwIfAborted();

    const quoted = JSON.stringify(reference.text);
    const decision = decidePull({
      policy,
      present: present !== undefined,
      backOffMs: waiting.ms,
      unreachable,
      fallBack: fallBackToLocal,
    });
    switch (decision.type) {
      case "use":
        onEvent(
          "Normal",
          "Pulled",
          `Container image ${quoted} already present on machine and can be accessed by the pod`,
        );
        return present!;
      case "fallBack":
        return this.#fellBack(reference, present!, onEvent);
      case "refuse": {
        const message = `Container image ${quoted} is not present with pull policy of Never`;
        onEvent("Warning", decision.reason, message);
        throw new ImageError(decision.reason, message, 10_000);
      }
      case "wait": {
        onEvent("Normal", "BackOff", `Back-off pulling image ${quoted}`);
        const why = waiting.message ? `: ${waiting.message}` : "";
        throw new ImageError("ImagePullBackOff", `Back-off pulling image ${quoted}${why}`, decision.ms);
      }
      case "pull":
        return await this.#pull(
          reference,
          credentials,
          { key, present: canFallBack ? present : undefined },
          signal,
          onEvent,
        );
      default:
        return decision satisfies never;
    }
  }

  #parse(name: string, onEvent: OnEvent): ImageReference {
    try {
      return parseReference(name);
    } catch (cause) {
      const message = `Failed to apply default image tag ${JSON.stringify(name)}: ${(cause as Error).message}`;
      onEvent("Warning", "InspectFailed", message);
      throw new ImageError("InvalidImageName", message, 10_000, { cause });
    }
  }

  async #inspect(reference: ImageReference, signal: AbortSignal, onEvent: OnEvent): Promise<EnsuredImage | undefined> {
    try {
      return await this.find(reference.text, signal);
    } catch (cause) {
      signal.throwIfAborted();
      const message = `Failed to inspect image ${JSON.stringify(reference.text)}: ${detail(cause)}`;
      onEvent("Warning", "InspectFailed", message);
      throw new ImageError("ImageInspectError", message, 1_000, { cause });
    }
  }

  #credentials(pod: Pod, reference: ImageReference, onEvent: OnEvent): Credentials[] {
    const { keyrings, unusable } = podKeyrings(
      pod,
      (name) => this.#options.secret(pod, name),
      this.#options.account?.(pod),
    );
    if (unusable.length > 0) {
      const names = unusable.join(", ");
      onEvent(
        "Warning",
        "FailedToRetrieveImagePullSecret",
        `Unable to retrieve some image pull secrets (${names}); attempting to pull the image may not succeed.`,
      );
    }
    const node = this.#options.nodeKeyring?.();
    return lookUp(reference, node ? [...keyrings, node] : keyrings);
  }

  async #pull(
    reference: ImageReference,
    credentials: Credentials[],
    { key, present }: { key: string; present: EnsuredImage | undefined },
    signal: AbortSignal,
    onEvent: OnEvent,
  ): Promise<EnsuredImage> {
    const { backOff, hosts, clock } = this.#options;
    const quoted = JSON.stringify(reference.text);
    onEvent("Normal", "Pulling", `Pulling image ${quoted}`);
    const asked = clock.mono();
    let began = asked;
    try {
      const pulled = await this.#pullShared(reference, credentials, signal, () => void (began = clock.mono()));
      backOff.succeeded(key);
      hosts.answered(reference.registry);
      const image = ensured(pulled);
      const took = seconds(clock.mono() - began), all = seconds(clock.mono() - asked);
      onEvent(
        "Normal",
        "Pulled",
        `Successfully pulled image ${quoted} in ${took} (${all} including waiting). Image size: ${image.size} bytes.`,
      );
      return image;
    } catch (cause) {
      signal.throwIfAborted();
      const said = withoutCredentials(detail(cause), credentials);
      if (saysUnreachable(said)) {
        hosts.failed(reference.registry);
        if (present) return this.#fellBack(reference, present, onEvent);
      } else if (!isCanceled(cause)) {
        hosts.answered(reference.registry);
      }
      onEvent("Warning", "Failed", `Failed to pull image ${quoted}: ${said}`);
      const wait = backOff.failed(key, said);
      // Asked again before the back-off ends, the answer is ImagePullBackOff: both reasons are seen, as on a kubelet.
      throw new ImageError("ErrImagePull", said, Math.min(wait, 5_000));
    }
  }

  /** One pull for all who ask for the same meanwhile; `onBegin` is called when it is this caller's that begins. */
  #pullShared(
    reference: ImageReference,
    credentials: Credentials[],
    signal: AbortSignal,
    onBegin = () => {},
  ): Promise<Image> {
    return this.#pulls.run(`${reference.text}\0${fingerprint(credentials)}`, signal, async (shared) => {
      onBegin();
      const image = await this.#pullWith(reference, credentials, shared);
      this.#options.onPulled(image.id);
      return image;
    });
  }

  /** Tries each credential until one works; their errors come together, as kubelet reports them. */
  async #pullWith(reference: ImageReference, credentials: Credentials[], signal: AbortSignal): Promise<Image> {
    const errors: CriError[] = [];
    for (const auth of credentials.length > 0 ? credentials : [undefined]) {
      try {
        const { imageRef } = await this.#options.image.pullImage(
          { image: { image: reference.text }, ...(auth ? { auth } : {}) },
          { signal },
        );
        const { image } = await this.#options.image.imageStatus({ image: { image: imageRef } }, { signal });
        if (image) return image;
        throw new CriError("PullImage", "not_found", `the runtime pulled ${imageRef} and does not know it`);
      } catch (err) {
        if (signal.aborted || !(err instanceof CriError)) throw err;
        errors.push(err);
      }
    }
    if (errors.length === 1) throw errors[0];
    const told = [...new Set(errors.map((err) => err.detail))];
    throw new CriError("PullImage", errors.at(-1)!.code, told.length === 1 ? told[0] : `[${told.join(", ")}]`);
  }

  #fellBack(reference: ImageReference, present: EnsuredImage, onEvent: OnEvent): EnsuredImage {
    onEvent(
      "Warning",
      "RegistryUnreachable",
      `Registry ${reference.registry} cannot be reached: using image ${JSON.stringify(reference.text)} ` +
        "that is present on the machine in spite of pull policy Always",
    );
    return present;
  }
}

function unlessAborted(wait: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    wait.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

function ensured({ id, repoDigests, size, uid, username }: Image): EnsuredImage {
  return {
    imageRef: id,
    repoDigests,
    size: Number(size),
    ...(uid ? { uid: Number(uid.value) } : {}),
    ...(username ? { username } : {}),
  };
}

function detail(err: unknown): string {
  return err instanceof CriError ? err.detail : err instanceof Error ? err.message : String(err);
}

/** A registry's answer may quote what it was sent. */
function withoutCredentials(text: string, credentials: readonly Credentials[]): string {
  let clean = text.replace(/\/\/[^/@\s]+@/g, "//");
  for (const { username, password, identityToken, registryToken } of credentials) {
    const both = username && password ? Buffer.from(`${username}:${password}`).toString("base64") : undefined;
    for (const secret of [password, identityToken, registryToken, both]) {
      if (secret) clean = clean.replaceAll(secret, "[redacted]");
    }
  }
  return clean;
}

/** A duration as Go prints it, to the millisecond. */
function seconds(ms: number): string {
  const whole = Math.round(ms);
  if (whole < 1000) return `${whole}ms`;
  const minutes = Math.floor(whole / 60_000);
  return `${minutes > 0 ? `${minutes}m` : ""}${Number(((whole % 60_000) / 1000).toFixed(3))}s`;
}
