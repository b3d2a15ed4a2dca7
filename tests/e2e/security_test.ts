/** Security contexts of pods and containers, as processes feel them. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { nodeFile } from "../support/node_file.ts";
import { container, finished, idle, type Pod, pod, statusOf } from "../support/pods.ts";
import type { TestNode } from "../support/node.ts";

const { nodeTest } = nodeFile({
  prepare: (node) => {
    const dir = `${node.rootDir}/seccomp/profiles`;
    Deno.mkdirSync(dir, { recursive: true });
    const profile = {
      defaultAction: "SCMP_ACT_ALLOW",
      syscalls: [{ names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO" }],
    };
    Deno.writeTextFileSync(`${dir}/no-mkdir.json`, JSON.stringify(profile));
  },
});

const secured = (name: string, context: Record<string, unknown>, more = {}) =>
  container(name, idle, { securityContext: context, ...more });

/** A field of /proc/self/status of a container's process. */
async function status(node: TestNode, pod: Pod, field: string, name = "main"): Promise<string> {
  return (await node.output(pod, `grep ^${field}: /proc/self/status`, name)).split(/:\s*/)[1];
}

nodeTest(
  "runAsUser, runAsGroup and supplementalGroups of the pod apply, and the container's own override them",
  pod("users", [container("main"), secured("other", { runAsUser: 2000, runAsGroup: 2001 })], {
    securityContext: { runAsUser: 1000, runAsGroup: 3000, supplementalGroups: [4000, 4001] },
  }),
  async (node) => {
    const pod = await node.ready("users");
    equal(await node.output(pod, "id -u; id -g", "main"), "1000\n3000");
    equal(await node.output(pod, "id -u; id -g", "other"), "2000\n2001");
    const groups = (await node.output(pod, "id -G", "main")).split(" ");
    ok(groups.includes("4000") && groups.includes("4001"));
  },
);

nodeTest(
  "the image's user is used, by number and by name with its groups",
  [
    pod("user-number", { ...container("main"), image: "dev.islet/busybox-app:1" }),
    pod("user-name", { ...container("main"), image: "dev.islet/busybox-named:1" }),
  ],
  async (node) => {
    equal(await node.output(await node.ready("user-number"), "id -u"), "1000");
    const named = await node.ready("user-name");
    equal(await node.output(named, "id -u"), "1000");
    match(await node.output(named, "id -G"), /\b2000\b/);
  },
);

nodeTest(
  "runAsNonRoot refuses root and users by name, and lets a number run",
  [
    pod("root", secured("main", { runAsNonRoot: true })),
    pod("by-name", { ...secured("main", { runAsNonRoot: true }), image: "dev.islet/busybox-named:1" }),
    pod("by-number", { ...secured("main", { runAsNonRoot: true }), image: "dev.islet/busybox-app:1" }),
    pod("given", secured("main", { runAsNonRoot: true, runAsUser: 5 })),
  ],
  async (node) => {
    const refused = (pod: Pod) => statusOf(pod)?.state?.waiting?.reason === "CreateContainerConfigError";
    const message = async (name: string) =>
      statusOf(await node.podUntil(name, "is refused", refused))?.state?.waiting?.message ?? "";
    match(await message("root"), /runAsNonRoot and image will run as root/);
    match(await message("by-name"), /runAsNonRoot and image has non-numeric user \(app\)/);
    await node.ready("by-number");
    equal(await node.output(await node.ready("given"), "id -u"), "5");
  },
);

nodeTest(
  "capabilities are added and dropped, and privileged has them all",
  pod("caps", [
    container("main"),
    secured("none", { capabilities: { drop: ["ALL"] } }),
    secured("some", { capabilities: { drop: ["ALL"], add: ["NET_BIND_SERVICE"] } }),
    secured("all", { privileged: true }),
  ]),
  async (node) => {
    const pod = await node.ready("caps");
    const bits = async (name: string) => BigInt(`0x${await status(node, pod, "CapEff", name)}`);
    const standard = await bits("main");
    ok((standard & (1n << 21n)) === 0n && (standard & 1n) === 1n, "CAP_SYS_ADMIN off, CAP_CHOWN on");
    equal(await bits("none"), 0n);
    equal(await bits("some"), 1n << 10n);
    ok(((await bits("all")) & (1n << 21n)) !== 0n);
    await node.output(pod, "mkdir /m && mount -t tmpfs none /m && umount /m", "all");
    ok((await node.exec(pod, "mkdir /m && mount -t tmpfs none /m", "main")).code !== 0);
  },
);

nodeTest(
  "allowPrivilegeEscalation: false sets no_new_privs, and readOnlyRootFilesystem makes the root read-only",
  pod("locked", [
    container("main"),
    secured("locked", { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true }),
  ]),
  async (node) => {
    const pod = await node.ready("locked");
    equal(await status(node, pod, "NoNewPrivs", "main"), "0");
    equal(await status(node, pod, "NoNewPrivs", "locked"), "1");
    match((await node.exec(pod, "touch /file", "locked")).stderr, /Read-only file system/);
    equal((await node.exec(pod, "touch /file", "main")).code, 0);
  },
);

nodeTest(
  "seccomp profiles RuntimeDefault, Unconfined and Localhost are in force",
  [
    pod("seccomp", [
      secured("default", { seccompProfile: { type: "RuntimeDefault" } }),
      secured("off", { seccompProfile: { type: "Unconfined" } }),
      secured("local", { seccompProfile: { type: "Localhost", localhostProfile: "profiles/no-mkdir.json" } }),
      container("inherits"),
    ], { securityContext: { seccompProfile: { type: "RuntimeDefault" } } }),
    pod("seccomp-missing", secured("main", { seccompProfile: { type: "Localhost", localhostProfile: "none.json" } })),
  ],
  async (node) => {
    const pod = await node.ready("seccomp");
    const modes: Record<string, string> = {};
    for (const name of ["default", "off", "local", "inherits"]) modes[name] = await status(node, pod, "Seccomp", name);
    deepEqual(modes, { default: "2", off: "0", local: "2", inherits: "2" });
    ok((await node.exec(pod, "mkdir /x", "local")).code !== 0);
    equal((await node.exec(pod, "mkdir /x", "default")).code, 0);
    await node.podUntil(
      "seccomp-missing",
      "waits",
      (pod) => /Create\w+Error|RunContainerError/.test(statusOf(pod)?.state?.waiting?.reason ?? ""),
    );
  },
);

nodeTest(
  "safe sysctls are set, and a pod with an unsafe one is turned away",
  [
    pod("sysctl", idle, {
      securityContext: { sysctls: [{ name: "net.ipv4.ip_unprivileged_port_start", value: "80" }] },
    }),
    pod("sysctl-unsafe", idle, { securityContext: { sysctls: [{ name: "net.core.somaxconn", value: "1024" }] } }),
  ],
  async (node) => {
    equal(await node.output(await node.ready("sysctl"), "cat /proc/sys/net/ipv4/ip_unprivileged_port_start"), "80");
    const unsafe = await node.podUntil("sysctl-unsafe", "is turned away", finished);
    deepEqual([unsafe.status?.phase, unsafe.status?.reason], ["Failed", "SysctlForbidden"]);
  },
);

nodeTest(
  "procMount Default masks parts of /proc",
  pod("proc", container("main")),
  async (node) => {
    const pod = await node.ready("proc");
    equal(await node.output(pod, "cat /proc/kcore | wc -c"), "0");
    match(await node.output(pod, "grep ' /proc/sys ' /proc/mounts"), / ro,/);
  },
);

nodeTest(
  "hostUsers: false is refused with a clear error where the runtime does not support it",
  pod("user-namespace", idle, { hostUsers: false }),
  async (node) => {
    const told = await node.until(
      "the pod is told why",
      async () => (await node.events("user-namespace")).find(({ message }) => /user namespace/i.test(message)),
    );
    equal(told.type, "Warning");
    ok(!(await node.containers()).some(({ labels }) => labels["io.kubernetes.pod.name"] === "user-namespace"));
  },
);
