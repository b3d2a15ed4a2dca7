/** What callers catch: a pod whose volumes are not ready, or a container whose mounts cannot be made. */

/** One volume that is not ready, in kubelet's words. */
export interface VolumeFailure {
  volume: string;
  message: string;
}

export type VolumeErrorReason =
  /** Volumes of the pod: it stays in ContainerCreating and is tried again. */
  | "FailedMount"
  /** Mounts of one container: kubelet's word for a container that cannot be described to the runtime. */
  | "CreateContainerConfigError";

/** Volumes that could not be made ready; the message is the event's text and holds no content of any Secret. */
export class VolumeError extends Error {
  override readonly name = "VolumeError";

  constructor(
    readonly reason: VolumeErrorReason,
    message: string,
    readonly failures: readonly VolumeFailure[] = [],
    options?: ErrorOptions,
  ) {
    super(message, options);
  }

  /** The names of the volumes that are not ready. */
  get pending(): string[] {
    return this.failures.map(({ volume }) => volume);
  }

  static failedMount(failures: { volume: string; cause: unknown }[]): VolumeError {
    const told = failures.map(({ volume, cause }) => ({
      volume,
      message: `MountVolume.SetUp failed for volume "${volume}" : ${
        cause instanceof Error ? cause.message : String(cause)
      }`,
    }));
    return new VolumeError("FailedMount", told.map(({ message }) => message).join("; "), told, {
      cause: failures[0]?.cause,
    });
  }
}

/** A field that this node does not serve, or an object that is not there: its message goes into the event. */
export class SetUpError extends Error {
  override readonly name = "SetUpError";
}
