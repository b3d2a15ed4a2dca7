/** Security contexts of pods and containers. */
import {
  flag,
  int,
  lazily,
  list,
  neededInt,
  neededText,
  neededWord,
  object,
  opt,
  text,
  texts,
  unsupported,
  word,
  type z,
} from "./schema.ts";

const seLinuxOptions = lazily(() => object({ user: text, role: text, type: text, level: text }));

const seccompProfile = lazily(() =>
  object({ type: neededWord("Localhost", "RuntimeDefault", "Unconfined"), localhostProfile: text })
);
export interface SeccompProfile extends z.infer<ReturnType<typeof seccompProfile>> {}

const appArmorProfile = lazily(() =>
  object({ type: neededWord("Localhost", "RuntimeDefault", "Unconfined"), localhostProfile: text })
);
export interface AppArmorProfile extends z.infer<ReturnType<typeof appArmorProfile>> {}

export const podSecurityContext = lazily(() =>
  object({
    seLinuxOptions: opt(seLinuxOptions()),
    windowsOptions: unsupported,
    runAsUser: int,
    runAsGroup: int,
    runAsNonRoot: flag,
    supplementalGroups: list(neededInt),
    supplementalGroupsPolicy: word("Merge", "Strict"),
    fsGroup: int,
    sysctls: list(object({ name: neededText, value: neededText })),
    fsGroupChangePolicy: word("Always", "OnRootMismatch"),
    seccompProfile: opt(seccompProfile()),
    appArmorProfile: opt(appArmorProfile()),
    seLinuxChangePolicy: word("MountOption", "Recursive"),
  })
);
export interface PodSecurityContext extends z.infer<ReturnType<typeof podSecurityContext>> {}

export const securityContext = lazily(() =>
  object({
    capabilities: opt(object({ add: texts, drop: texts })),
    privileged: flag,
    seLinuxOptions: opt(seLinuxOptions()),
    windowsOptions: unsupported,
    runAsUser: int,
    runAsGroup: int,
    runAsNonRoot: flag,
    readOnlyRootFilesystem: flag,
    allowPrivilegeEscalation: flag,
    procMount: word("Default", "Unmasked"),
    seccompProfile: opt(seccompProfile()),
    appArmorProfile: opt(appArmorProfile()),
  })
);
export interface SecurityContext extends z.infer<ReturnType<typeof securityContext>> {}
