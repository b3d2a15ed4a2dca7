/**
 * What to do about a container's image before it starts: pure decisions, in kubelet's words, and the errors that a container's
 * waiting state shows.
 */

export type PullPolicy = "Always" | "IfNotPresent" | "Never";

export type ImageReason =
  | "InvalidImageName"
  | "ImageInspectError"
  | "ErrImageNeverPull"
  | "ErrImagePull"
  | "ImagePullBackOff";

/** An image is not there to start a container from: `reason` and `message` are those of the waiting state. */
export class ImageError extends Error {
  override readonly name = "ImageError";
  constructor(
    readonly reason: ImageReason,
    message: string,
    /** After how many milliseconds another try makes sense. */
    readonly retryAfterMs: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

export type PullDecision =
  /** The image that is there will do. */
  | { type: "use" }
  /** As `use`, though the policy wanted a pull: the registry is out of reach. */
  | { type: "fallBack" }
  | { type: "pull" }
  | { type: "refuse"; reason: "ErrImageNeverPull" }
  | { type: "wait"; ms: number };

export interface PullSituation {
  policy: PullPolicy;
  present: boolean;
  /** What is left of the back-off after a failed pull. */
  backOffMs: number;
  /** Whether the registry is known to be out of reach. */
  unreachable: boolean;
  /** Whether `Always` may use a local image then. */
  fallBack: boolean;
}

/** Pure: from the policy and what is known to what is done. */
export function decidePull({ policy, present, backOffMs, unreachable, fallBack }: PullSituation): PullDecision {
  if (policy === "Never") return present ? { type: "use" } : { type: "refuse", reason: "ErrImageNeverPull" };
  if (policy === "IfNotPresent" && present) return { type: "use" };
  if (present && fallBack && unreachable) return { type: "fallBack" };
  if (backOffMs > 0) return { type: "wait", ms: backOffMs };
  return { type: "pull" };
}

/** kubelet's default: `latest`, written or not, is always looked for; the API server's defaulting does the same. */
export function defaultPolicy({ tag, digest }: { tag?: string; digest?: string }): PullPolicy {
  return tag === "latest" && digest === undefined ? "Always" : "IfNotPresent";
}

const unreachablePatterns = [
  /dial tcp/i,
  /no such host/i,
  /connection (?:refused|reset|timed out)/i,
  /(?:network|host) is unreachable/i,
  /no route to host/i,
  /i\/o timeout/i,
  /tls handshake timeout/i,
  /temporary failure in name resolution/i,
  /server misbehaving/i,
  /context deadline exceeded/i,
  /(?:status|code)[^.]*\b50[234]\b/i,
  /registry is unavailable|RegistryUnavailable/i,
];

/** Whether a failed pull says that the registry could not be reached, as against: it said no. */
export function saysUnreachable(message: string): boolean {
  return unreachablePatterns.some((pattern) => pattern.test(message));
}
