import assert from "node:assert/strict";
import { NamespaceMode, SecurityProfile_ProfileType as ProfileType, SupplementalGroupsPolicy } from "../../cri/mod.ts";
import type { Container, PodSecurityContext, PodSpec, SecurityContext } from "../objects/mod.ts";
import { box, podOf, sidecar, testUid } from "../resources/testing.ts";
import { ContainerConfigError, SandboxConfigError } from "./errors.ts";
import {
  appArmorProfile,
  containerSecurityContext,
  type ContainerSecurityOptions,
  maskedPaths,
  readonlyPaths,
  sandboxSecurityContext,
  seccompProfile,
  verifyRunAsNonRoot,
} from "./security.ts";

const options: ContainerSecurityOptions = { seccompRoot: "/var/lib/islet/seccomp", appArmor: true };
type Got = ReturnType<typeof containerSecurityContext>;

function secure(own: SecurityContext, pod: PodSecurityContext = {}, more: Partial<ContainerSecurityOptions> = {}): Got {
  const container = box("web", {}, {}, { securityContext: own });
  return containerSecurityContext(podOf([container], { securityContext: pod }), container, { ...options, ...more });
}

const cases: [string, SecurityContext, PodSecurityContext, Partial<ContainerSecurityOptions>, Partial<Got>][] = [
  [
    "runs as root, confined by masks alone, where nothing is said",
    {},
    {},
    {},
    {
      privileged: false,
      readonlyRootfs: false,
      noNewPrivs: false,
      runAsUser: { value: 0n },
      supplementalGroups: [],
      maskedPaths: [...maskedPaths],
      readonlyPaths: [...readonlyPaths],
      capabilities: { addCapabilities: [], dropCapabilities: [] },
      apparmor: undefined,
      seccomp: { profileType: ProfileType.Unconfined },
    },
  ],
  ["runs as the image's user", {}, {}, { imageUid: 1000n }, { runAsUser: { value: 1000n } }],
  ["runs as the image's user by name", {}, {}, { imageUsername: "app" }, { runAsUsername: "app" }],
  ["runs as the pod's user", {}, { runAsUser: 7, runAsGroup: 8 }, { imageUsername: "app" }, {
    runAsUser: { value: 7n },
    runAsGroup: { value: 8n },
  }],
  ["runs as the container's user before the pod's", { runAsUser: 0 }, { runAsUser: 7, runAsGroup: 8 }, {}, {
    runAsUser: { value: 0n },
    runAsGroup: { value: 8n },
  }],
  [
    "joins fsGroup and the supplemental groups",
    {},
    { fsGroup: 2000, supplementalGroups: [3000, 4000], supplementalGroupsPolicy: "Strict" },
    {},
    { supplementalGroups: [2000n, 3000n, 4000n], supplementalGroupsPolicy: SupplementalGroupsPolicy.Strict },
  ],
  ["forbids new privileges without allowPrivilegeEscalation", { allowPrivilegeEscalation: false }, {}, {}, {
    noNewPrivs: true,
  }],
  ["allows new privileges when told so", { allowPrivilegeEscalation: true }, {}, {}, { noNewPrivs: false }],
  ["masks nothing with procMount Unmasked", { procMount: "Unmasked" }, {}, {}, { maskedPaths: [], readonlyPaths: [] }],
  ["masks the usual with procMount Default", { procMount: "Default" }, {}, {}, { maskedPaths: [...maskedPaths] }],
  ["passes privileged and a read-only root on", { privileged: true, readOnlyRootFilesystem: true }, {}, {}, {
    privileged: true,
    readonlyRootfs: true,
  }],
  [
    "passes capabilities on without CAP_",
    { capabilities: { add: ["NET_ADMIN", "CAP_SYS_TIME"], drop: ["ALL"] } },
    {},
    {},
    { capabilities: { addCapabilities: ["NET_ADMIN", "SYS_TIME"], dropCapabilities: ["ALL"] } },
  ],
  [
    "passes SELinux options on, the container's before the pod's",
    { seLinuxOptions: { level: "s0:c1" } },
    { seLinuxOptions: { level: "s0:c9", user: "u" } },
    {},
    { selinuxOptions: { level: "s0:c1" } },
  ],
  ["has SELinux options of the pod", {}, { seLinuxOptions: { type: "t" } }, {}, { selinuxOptions: { type: "t" } }],
  [
    "sees another container's processes as an ephemeral container with a target",
    {},
    {},
    { targetContainerId: "c0ffee" },
    {
      namespaceOptions: {
        network: NamespaceMode.POD,
        ipc: NamespaceMode.POD,
        pid: NamespaceMode.TARGET,
        targetId: "c0ffee",
        usernsOptions: undefined,
      },
    },
  ],
  [
    "tells older runtimes of AppArmor too",
    { appArmorProfile: { type: "Localhost", localhostProfile: "mine" } },
    {},
    {},
    { apparmor: { profileType: ProfileType.Localhost, localhostRef: "mine" }, apparmorProfile: "localhost/mine" },
  ],
];

for (const [name, own, pod, more, expected] of cases) {
  Deno.test(`containerSecurityContext() ${name}`, () => {
    const got = secure(own, pod, more) as Record<string, unknown>;
    assert.deepEqual(Object.fromEntries(Object.keys(expected).map((key) => [key, got[key]])), expected);
  });
}

Deno.test("containerSecurityContext() names either a number or a name of a user, never both", () => {
  assert.equal(secure({}, {}, { imageUsername: "app" }).runAsUser, undefined);
  assert.equal(secure({}, {}, { imageUid: 5, imageUsername: "app" }).runAsUsername, undefined);
});

const { RuntimeDefault, Unconfined, Localhost } = ProfileType;
type Seccomp = SecurityContext["seccompProfile"];
const seccomp: [string, Seccomp, Seccomp, boolean, ReturnType<typeof seccompProfile>][] = [
  ["is Unconfined where nobody says anything", undefined, undefined, false, { profileType: Unconfined }],
  ["is RuntimeDefault with seccompDefault", undefined, undefined, true, { profileType: RuntimeDefault }],
  ["is the pod's", undefined, { type: "RuntimeDefault" }, false, { profileType: RuntimeDefault }],
  ["is the container's before the pod's", { type: "Unconfined" }, { type: "RuntimeDefault" }, true, {
    profileType: Unconfined,
  }],
  [
    "is a file below the node's directory",
    { type: "Localhost", localhostProfile: "profiles/audit.json" },
    undefined,
    false,
    { profileType: Localhost, localhostRef: "/var/lib/islet/seccomp/profiles/audit.json" },
  ],
];

for (const [name, own, pod, seccompDefault, expected] of seccomp) {
  Deno.test(`seccompProfile() ${name}`, () => {
    const container = box("web", {}, {}, { securityContext: { seccompProfile: own } });
    const got = seccompProfile(podOf([container], { securityContext: { seccompProfile: pod } }), container, {
      ...options,
      seccompDefault,
    });
    assert.deepEqual(got, expected);
  });
}

Deno.test("seccompProfile() refuses a file that is missing or outside of the node's directory", () => {
  for (const localhostProfile of [undefined, "", "/etc/passwd", "../x", "a/../../x"]) {
    const seccompProfile: Seccomp = { type: "Localhost", localhostProfile };
    assert.throws(() => secure({ seccompProfile }), ContainerConfigError, String(localhostProfile));
  }
});

type AppArmor = SecurityContext["appArmorProfile"];
const appArmor: [string, AppArmor, string | undefined, AppArmor, ReturnType<typeof appArmorProfile>][] = [
  ["is the runtime's business where nobody says anything", undefined, undefined, undefined, undefined],
  ["is the container's field before all", { type: "Unconfined" }, "runtime/default", { type: "RuntimeDefault" }, {
    profileType: Unconfined,
  }],
  ["is the annotation before the pod's field", undefined, "localhost/mine", { type: "Unconfined" }, {
    profileType: Localhost,
    localhostRef: "mine",
  }],
  ["is the pod's field", undefined, undefined, { type: "RuntimeDefault" }, { profileType: RuntimeDefault }],
  ["reads runtime/default", undefined, "runtime/default", undefined, { profileType: RuntimeDefault }],
  ["reads unconfined", undefined, "unconfined", undefined, { profileType: Unconfined }],
];

for (const [name, own, annotation, pod, expected] of appArmor) {
  Deno.test(`appArmorProfile() ${name}`, () => {
    const container = box("web", {}, {}, { securityContext: { appArmorProfile: own } });
    const key = "container.apparmor.security.beta.kubernetes.io/web";
    const whole = podOf([container], { securityContext: { appArmorProfile: pod } }, {
      annotations: annotation === undefined ? {} : { [key]: annotation },
    });
    assert.deepEqual(appArmorProfile(whole, container, true), expected);
  });
}

Deno.test("appArmorProfile() fails without AppArmor in the kernel, except to be unconfined", () => {
  const of = (type: "RuntimeDefault" | "Unconfined") => {
    const container = box("web", {}, {}, { securityContext: { appArmorProfile: { type } } });
    return () => appArmorProfile(podOf([container]), container, false);
  };
  assert.equal(of("Unconfined")(), undefined);
  assert.throws(of("RuntimeDefault"), {
    name: "ContainerConfigError",
    message: "Cannot enforce AppArmor: AppArmor is not enabled on the host",
  });
});

const where = `(pod: "web_shop(${testUid})", container: web)`;
const nonRoot: [
  string,
  SecurityContext,
  PodSecurityContext,
  number | bigint | undefined,
  string | undefined,
  string | undefined,
][] = [
  ["takes root where nothing is said", {}, {}, 0n, undefined, undefined],
  ["takes root where runAsNonRoot is false", { runAsNonRoot: false }, { runAsNonRoot: true }, 0n, undefined, undefined],
  ["takes an image with another user", { runAsNonRoot: true }, {}, 1000n, undefined, undefined],
  [
    "takes another user of the spec whatever the image says",
    {},
    { runAsNonRoot: true, runAsUser: 5 },
    0n,
    "app",
    undefined,
  ],
  [
    "refuses user 0 of the spec",
    { runAsNonRoot: true, runAsUser: 0 },
    {},
    1000n,
    undefined,
    `container's runAsUser breaks non-root policy ${where}`,
  ],
  [
    "refuses user 0 of the container although the pod has another",
    { runAsUser: 0 },
    { runAsNonRoot: true, runAsUser: 5 },
    5n,
    undefined,
    `container's runAsUser breaks non-root policy ${where}`,
  ],
  [
    "refuses an image of root",
    { runAsNonRoot: true },
    {},
    0n,
    undefined,
    `container has runAsNonRoot and image will run as root ${where}`,
  ],
  [
    "refuses an image without a user",
    { runAsNonRoot: true },
    {},
    undefined,
    "",
    `container has runAsNonRoot and image will run as root ${where}`,
  ],
  [
    "refuses an image whose user is a name",
    { runAsNonRoot: true },
    {},
    undefined,
    "app",
    `container has runAsNonRoot and image has non-numeric user (app), cannot verify user is non-root ${where}`,
  ],
];

for (const [name, own, pod, uid, username, message] of nonRoot) {
  Deno.test(`verifyRunAsNonRoot() ${name}`, () => {
    const container = box("web", {}, {}, { securityContext: own });
    const verify = () => verifyRunAsNonRoot(podOf([container], { securityContext: pod }), container, uid, username);
    if (message === undefined) verify();
    else assert.throws(verify, { name: "ContainerConfigError", reason: "CreateContainerConfigError", message });
  });
}

Deno.test("containerSecurityContext() verifies that the container does not run as root", () => {
  assert.throws(() => secure({ runAsNonRoot: true }), /image will run as root/);
});

const { POD, NODE, CONTAINER } = NamespaceMode;
const namespaces: [string, Partial<PodSpec>, { network: number; ipc: number; pid: number }][] = [
  ["gives the pod a network and IPC and each container its own processes", {}, {
    network: POD,
    ipc: POD,
    pid: CONTAINER,
  }],
  ["shares the node's network", { hostNetwork: true }, { network: NODE, ipc: POD, pid: CONTAINER }],
  ["shares the node's processes", { hostPID: true }, { network: POD, ipc: POD, pid: NODE }],
  ["shares the node's IPC", { hostIPC: true }, { network: POD, ipc: NODE, pid: CONTAINER }],
  ["shares processes within the pod", { shareProcessNamespace: true }, { network: POD, ipc: POD, pid: POD }],
];

for (const [name, spec, expected] of namespaces) {
  Deno.test(`sandboxSecurityContext() ${name}`, () => {
    const container = box("web");
    const pod = podOf([container], spec);
    const all = { ...expected, usernsOptions: undefined };
    assert.deepEqual(sandboxSecurityContext(pod, options).namespaceOptions, all);
    assert.deepEqual(containerSecurityContext(pod, container, options).namespaceOptions, all);
  });
}

Deno.test("sandboxSecurityContext() maps the users of a pod with hostUsers false", () => {
  const pod = podOf([box("web")], { hostUsers: false });
  const got = sandboxSecurityContext(pod, { ...options, userNamespace: { hostId: 131072, length: 65536 } });
  const range = { containerId: 0, hostId: 131072, length: 65536 };
  assert.deepEqual(got.namespaceOptions?.usernsOptions, { mode: POD, uids: [range], gids: [range] });
  assert.equal(
    sandboxSecurityContext(podOf([box("web")], { hostUsers: true }), options).namespaceOptions?.usernsOptions,
    undefined,
  );
});

Deno.test("sandboxSecurityContext() says why hostUsers false cannot be", () => {
  assert.throws(() => sandboxSecurityContext(podOf([box("web")], { hostUsers: false }), options), (err) => {
    assert.ok(err instanceof SandboxConfigError);
    assert.match(err.message, /hostUsers: false.*does not support user namespaces/);
    return true;
  });
});

Deno.test("sandboxSecurityContext() is privileged when any container is, init containers and sidecars too", () => {
  const privileged: Partial<Container> = { securityContext: { privileged: true } };
  const is = (containers: Container[], spec = {}) =>
    sandboxSecurityContext(podOf(containers, spec), options).privileged;
  assert.equal(is([box("a"), box("b")]), false);
  assert.equal(is([box("a"), box("b", {}, {}, privileged)]), true);
  assert.equal(is([box("a")], { initContainers: [box("i", {}, {}, privileged)] }), true);
  assert.equal(is([box("a")], { initContainers: [box("s", {}, {}, { ...sidecar, ...privileged })] }), true);
});

Deno.test("sandboxSecurityContext() has the pod's user, groups and SELinux options, and always a seccomp profile", () => {
  const securityContext: PodSecurityContext = {
    runAsUser: 5,
    runAsGroup: 6,
    fsGroup: 7,
    supplementalGroups: [8],
    seLinuxOptions: { level: "s0" },
    seccompProfile: { type: "Unconfined" },
  };
  const got = sandboxSecurityContext(podOf([box("a")], { securityContext }), options);
  assert.deepEqual(got.runAsUser, { value: 5n });
  assert.deepEqual(got.runAsGroup, { value: 6n });
  assert.deepEqual(got.supplementalGroups, [7n, 8n]);
  assert.deepEqual(got.selinuxOptions, { level: "s0" });
  assert.deepEqual(got.seccomp, { profileType: RuntimeDefault });
  const groupOnly = sandboxSecurityContext(podOf([box("a")], { securityContext: { runAsGroup: 6 } }), options);
  assert.equal(groupOnly.runAsGroup, undefined, "the runtime refuses a group without a user");
});
