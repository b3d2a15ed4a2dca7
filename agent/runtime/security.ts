/**
 * Security contexts: what the pod says, what the container says instead, and how the runtime is told.
 */
import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  type LinuxContainerSecurityContextSchema,
  type LinuxSandboxSecurityContextSchema,
  NamespaceMode,
  type NamespaceOptionSchema,
  SecurityProfile_ProfileType as ProfileType,
  type SecurityProfileSchema,
  SupplementalGroupsPolicy,
} from "../../cri/mod.ts";
import type { Container, Pod, SecurityContext } from "../objects/mod.ts";
import { podContainers } from "../objects/mod.ts";
import { ContainerConfigError, SandboxConfigError } from "./errors.ts";
import { formatPod } from "./labels.ts";

/** Uids and gids of a pod's user namespace: `length` of them from `hostId` on. */
export interface UserNamespaceMapping {
  hostId: number;
  length: number;
}

export interface SecurityOptions {
  /** Where Localhost seccomp profiles are: `<rootDir>/seccomp`. */
  seccompRoot: string;
  /** `seccompDefault`: RuntimeDefault instead of Unconfined where nothing is said. */
  seccompDefault?: boolean;
  /** Whether the kernel has AppArmor on. */
  appArmor: boolean;
  /** For pods with `hostUsers: false`; absent where the runtime or the kernel cannot. */
  userNamespace?: UserNamespaceMapping;
}

export interface ContainerSecurityOptions extends SecurityOptions {
  /** The image's user: its number, or where it is a name that name. Neither: root. */
  imageUid?: number | bigint;
  imageUsername?: string;
  /** The container whose processes an ephemeral container is to see. */
  targetContainerId?: string;
}

type SandboxSecurityInit = MessageInitShape<typeof LinuxSandboxSecurityContextSchema>;
type ContainerSecurityInit = MessageInitShape<typeof LinuxContainerSecurityContextSchema>;
type ProfileInit = MessageInitShape<typeof SecurityProfileSchema>;
type NamespaceInit = MessageInitShape<typeof NamespaceOptionSchema>;

/** Kernel interfaces that containers do not see. */
export const maskedPaths: readonly string[] = [
  "/proc/asound",
  "/proc/acpi",
  "/proc/interrupts",
  "/proc/kcore",
  "/proc/keys",
  "/proc/latency_stats",
  "/proc/timer_list",
  "/proc/timer_stats",
  "/proc/sched_debug",
  "/proc/scsi",
  "/sys/firmware",
  "/sys/devices/virtual/powercap",
];

/** Kernel interfaces that containers may only read. */
export const readonlyPaths: readonly string[] = [
  "/proc/bus",
  "/proc/fs",
  "/proc/irq",
  "/proc/sys",
  "/proc/sysrq-trigger",
];

/** What holds for a container: its own context, and for what that leaves open the pod's. */
export function effectiveSecurityContext(pod: Pod, container: Pick<Container, "securityContext">): SecurityContext {
  const { seLinuxOptions, runAsUser, runAsGroup, runAsNonRoot } = pod.spec.securityContext ?? {};
  const own = Object.entries(container.securityContext ?? {}).filter(([, value]) => value !== undefined);
  return { seLinuxOptions, runAsUser, runAsGroup, runAsNonRoot, ...Object.fromEntries(own) };
}

/** Whether any container of the pod is privileged: the sandbox must then be, too. */
export function isPrivilegedPod(pod: Pod): boolean {
  return podContainers(pod).some(({ container }) => container.securityContext?.privileged === true);
}

/** The sandbox's security context. */
export function sandboxSecurityContext(pod: Pod, options: SecurityOptions): SandboxSecurityInit {
  const context = pod.spec.securityContext ?? {};
  return {
    privileged: isPrivilegedPod(pod),
    // The sandbox's one process needs nothing; what containers run under is theirs to say.
    seccomp: { profileType: ProfileType.RuntimeDefault },
    runAsUser: int64(context.runAsUser),
    // The runtime refuses a group without a user.
    runAsGroup: context.runAsUser === undefined ? undefined : int64(context.runAsGroup),
    namespaceOptions: namespaceOptions(pod, options),
    supplementalGroups: supplementalGroups(pod),
    supplementalGroupsPolicy: groupsPolicy(pod),
    selinuxOptions: context.seLinuxOptions,
  };
}

/** A container's security context. Throws ContainerConfigError where it cannot be had. */
export function containerSecurityContext(
  pod: Pod,
  container: Container,
  options: ContainerSecurityOptions,
): ContainerSecurityInit {
  verifyRunAsNonRoot(pod, container, options.imageUid, options.imageUsername);
  const context = effectiveSecurityContext(pod, container);
  const appArmor = appArmorProfile(pod, container, options.appArmor);
  const unmasked = context.procMount === "Unmasked";
  const { add = [], drop = [] } = context.capabilities ?? {};
  return {
    capabilities: { addCapabilities: add.map(capability), dropCapabilities: drop.map(capability) },
    privileged: context.privileged ?? false,
    namespaceOptions: targeted(namespaceOptions(pod, options), options.targetContainerId),
    selinuxOptions: context.seLinuxOptions,
    ...user(context, options),
    readonlyRootfs: context.readOnlyRootFilesystem ?? false,
    supplementalGroups: supplementalGroups(pod),
    supplementalGroupsPolicy: groupsPolicy(pod),
    noNewPrivs: context.allowPrivilegeEscalation === false,
    maskedPaths: unmasked ? [] : [...maskedPaths],
    readonlyPaths: unmasked ? [] : [...readonlyPaths],
    seccomp: seccompProfile(pod, container, options),
    apparmor: appArmor,
    // Runtimes from before `apparmor` read this one.
    apparmorProfile: appArmor && appArmorName(appArmor),
  };
}

/** Throws ContainerConfigError where a container that must not run as root would, or where nobody can tell. */
export function verifyRunAsNonRoot(
  pod: Pod,
  container: Pick<Container, "name" | "securityContext">,
  imageUid: number | bigint | undefined,
  imageUsername: string | undefined,
): void {
  const { runAsNonRoot, runAsUser } = effectiveSecurityContext(pod, container);
  if (!runAsNonRoot) return;
  const where = `(pod: ${JSON.stringify(formatPod(pod))}, container: ${container.name})`;
  if (runAsUser !== undefined) {
    if (runAsUser === 0) throw new ContainerConfigError(`container's runAsUser breaks non-root policy ${where}`);
    return;
  }
  if (imageUid === undefined && imageUsername) {
    throw new ContainerConfigError(
      `container has runAsNonRoot and image has non-numeric user (${imageUsername}), cannot verify user is non-root ` +
        where,
    );
  }
  if (BigInt(imageUid ?? 0) === 0n) {
    throw new ContainerConfigError(`container has runAsNonRoot and image will run as root ${where}`);
  }
}

/** The seccomp profile: the container's, or the pod's, or what the node does by default. */
export function seccompProfile(
  pod: Pod,
  container: Pick<Container, "securityContext">,
  { seccompRoot, seccompDefault = false }: SecurityOptions,
): ProfileInit {
  const profile = container.securityContext?.seccompProfile ?? pod.spec.securityContext?.seccompProfile;
  switch (profile?.type) {
    case undefined:
      return { profileType: seccompDefault ? ProfileType.RuntimeDefault : ProfileType.Unconfined };
    case "RuntimeDefault":
      return { profileType: ProfileType.RuntimeDefault };
    case "Unconfined":
      return { profileType: ProfileType.Unconfined };
    case "Localhost": {
      const file = profile!.localhostProfile;
      if (!file) {
        throw new ContainerConfigError("localhostProfile must be set if seccompProfile type is Localhost.");
      }
      if (file.startsWith("/") || file.split("/").includes("..")) {
        throw new ContainerConfigError(`Cannot use seccomp profile ${file}: it must be a path below ${seccompRoot}`);
      }
      return { profileType: ProfileType.Localhost, localhostRef: `${seccompRoot}/${file}` };
    }
  }
}

const appArmorAnnotation = "container.apparmor.security.beta.kubernetes.io/";

/**
 * The AppArmor profile: the container's field, the older annotation, or the pod's field; undefined leaves it to the
 * runtime. Throws where a profile is asked for and the kernel has no AppArmor: running without it would break a promise.
 */
export function appArmorProfile(
  pod: Pod,
  container: Pick<Container, "name" | "securityContext">,
  enabled: boolean,
): ProfileInit | undefined {
  const annotation = pod.metadata.annotations?.[appArmorAnnotation + container.name];
  const profile = container.securityContext?.appArmorProfile ?? fromAppArmorAnnotation(annotation) ??
    pod.spec.securityContext?.appArmorProfile;
  if (!profile) return undefined;
  if (!enabled) {
    // Without AppArmor everything is unconfined.
    if (profile.type === "Unconfined") return undefined;
    throw new ContainerConfigError("Cannot enforce AppArmor: AppArmor is not enabled on the host");
  }
  if (profile.type !== "Localhost") return { profileType: ProfileType[profile.type] };
  if (!profile.localhostProfile) {
    throw new ContainerConfigError("localhostProfile must be set if appArmorProfile type is Localhost.");
  }
  return { profileType: ProfileType.Localhost, localhostRef: profile.localhostProfile };
}

type AppArmor = NonNullable<SecurityContext["appArmorProfile"]>;

function fromAppArmorAnnotation(value: string | undefined): AppArmor | undefined {
  if (value === undefined || value === "") return undefined;
  if (value === "runtime/default") return { type: "RuntimeDefault" };
  if (value === "unconfined") return { type: "Unconfined" };
  if (value.startsWith("localhost/")) return { type: "Localhost", localhostProfile: value.slice("localhost/".length) };
  throw new ContainerConfigError(`Cannot use AppArmor profile ${JSON.stringify(value)}: invalid AppArmor profile name`);
}

function appArmorName({ profileType, localhostRef }: ProfileInit): string {
  if (profileType === ProfileType.Localhost) return `localhost/${localhostRef}`;
  return profileType === ProfileType.Unconfined ? "unconfined" : "runtime/default";
}

/** Which namespaces the pod shares with the node or within itself. */
function namespaceOptions(pod: Pod, { userNamespace }: SecurityOptions): NamespaceInit {
  const { hostNetwork, hostPID, hostIPC, shareProcessNamespace, hostUsers } = pod.spec;
  return {
    network: hostNetwork ? NamespaceMode.NODE : NamespaceMode.POD,
    ipc: hostIPC ? NamespaceMode.NODE : NamespaceMode.POD,
    pid: hostPID ? NamespaceMode.NODE : shareProcessNamespace ? NamespaceMode.POD : NamespaceMode.CONTAINER,
    usernsOptions: hostUsers === false ? ownUsers(pod, userNamespace) : undefined,
  };
}

/** Where each container has processes of its own, an ephemeral one sees those of its target. */
function targeted(namespaces: NamespaceInit, targetId: string | undefined): NamespaceInit {
  if (targetId === undefined || namespaces.pid !== NamespaceMode.CONTAINER) return namespaces;
  return { ...namespaces, pid: NamespaceMode.TARGET, targetId };
}

function ownUsers(pod: Pod, mapping: UserNamespaceMapping | undefined): NamespaceInit["usernsOptions"] {
  if (!mapping) {
    throw new SandboxConfigError(
      `Cannot give pod ${JSON.stringify(formatPod(pod))} a user namespace (hostUsers: false): the container runtime ` +
        "or the kernel does not support user namespaces",
    );
  }
  const range = { containerId: 0, hostId: mapping.hostId, length: mapping.length };
  return { mode: NamespaceMode.POD, uids: [range], gids: [{ ...range }] };
}

/** The spec's user, or the image's. */
function user(
  { runAsUser, runAsGroup }: SecurityContext,
  { imageUid, imageUsername }: ContainerSecurityOptions,
): Pick<ContainerSecurityInit, "runAsUser" | "runAsUsername" | "runAsGroup"> {
  const group = int64(runAsGroup);
  if (runAsUser !== undefined) return { runAsUser: int64(runAsUser), runAsGroup: group };
  if (imageUid === undefined && imageUsername) return { runAsUsername: imageUsername, runAsGroup: group };
  return { runAsUser: int64(imageUid ?? 0), runAsGroup: group };
}

function supplementalGroups(pod: Pod): bigint[] {
  const { fsGroup, supplementalGroups = [] } = pod.spec.securityContext ?? {};
  return [...(fsGroup === undefined ? [] : [fsGroup]), ...supplementalGroups].map(BigInt);
}

function groupsPolicy(pod: Pod): SupplementalGroupsPolicy {
  return SupplementalGroupsPolicy[pod.spec.securityContext?.supplementalGroupsPolicy ?? "Merge"];
}

/** The runtime adds `CAP_` itself. */
function capability(name: string): string {
  return name.replace(/^CAP_/i, "");
}

function int64(value: number | bigint | undefined): { value: bigint } | undefined {
  return value === undefined ? undefined : { value: BigInt(value) };
}
