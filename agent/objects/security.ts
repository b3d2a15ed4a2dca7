/** Security contexts of pods and containers. */
import {
  define,
  flag,
  lazily,
  list,
  long,
  neededLong,
  neededText,
  neededWord,
  opt,
  text,
  texts,
  unsupported,
  word,
  type z,
} from "./schema.ts";

const seLinuxOptions = lazily(() =>
  define("core.v1.SELinuxOptions", { user: text, role: text, type: text, level: text })
);

const seccompProfile = lazily(() =>
  define("core.v1.SeccompProfile", {
    type: neededWord("Localhost", "RuntimeDefault", "Unconfined"),
    localhostProfile: text,
  })
);
export interface SeccompProfile extends z.infer<ReturnType<typeof seccompProfile>> {}

const appArmorProfile = lazily(() =>
  define("core.v1.AppArmorProfile", {
    type: neededWord("Localhost", "RuntimeDefault", "Unconfined"),
    localhostProfile: text,
  })
);
export interface AppArmorProfile extends z.infer<ReturnType<typeof appArmorProfile>> {}

export const podSecurityContext = lazily(() =>
  define("core.v1.PodSecurityContext", {
    seLinuxOptions: opt(seLinuxOptions()),
    windowsOptions: unsupported,
    runAsUser: long,
    runAsGroup: long,
    runAsNonRoot: flag,
    supplementalGroups: list(neededLong),
    supplementalGroupsPolicy: word("Merge", "Strict"),
    fsGroup: long,
    sysctls: list(define("core.v1.Sysctl", { name: neededText, value: neededText })),
    fsGroupChangePolicy: word("Always", "OnRootMismatch"),
    seccompProfile: opt(seccompProfile()),
    appArmorProfile: opt(appArmorProfile()),
    seLinuxChangePolicy: word("MountOption", "Recursive"),
  })
);
export interface PodSecurityContext extends z.infer<ReturnType<typeof podSecurityContext>> {}

export const securityContext = lazily(() =>
  define("core.v1.SecurityContext", {
    capabilities: opt(define("core.v1.Capabilities", { add: texts, drop: texts })),
    privileged: flag,
    seLinuxOptions: opt(seLinuxOptions()),
    windowsOptions: unsupported,
    runAsUser: long,
    runAsGroup: long,
    runAsNonRoot: flag,
    readOnlyRootFilesystem: flag,
    allowPrivilegeEscalation: flag,
    procMount: word("Default", "Unmasked"),
    seccompProfile: opt(seccompProfile()),
    appArmorProfile: opt(appArmorProfile()),
  })
);
export interface SecurityContext extends z.infer<ReturnType<typeof securityContext>> {}
