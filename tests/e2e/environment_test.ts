/** What a container finds: environment, arguments, names, /etc/hosts, resolv.conf, namespaces. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { hostname } from "node:os";
import { nodeFile } from "../support/node_file.ts";
import { configMap, container, finished, idle, manifest, pod, secret, statusOf } from "../support/pods.ts";

const { nodeTest } = nodeFile();

const from = (valueFrom: Record<string, unknown>) => valueFrom;
const environment = (text: string) =>
  Object.fromEntries(
    text.split("\n").filter(Boolean).map((line) => [line.split("=")[0], line.slice(line.indexOf("=") + 1)]),
  );

nodeTest(
  "env takes plain values, ConfigMap and Secret keys, and leaves out what is optional and missing",
  [
    configMap("settings", { color: "blue", shape: "round" }),
    secret("password", { word: "swordfish" }),
    pod(
      "env",
      container("main", idle, {
        env: [
          { name: "PLAIN", value: "value" },
          { name: "COLOR", valueFrom: from({ configMapKeyRef: { name: "settings", key: "color" } }) },
          { name: "WORD", valueFrom: from({ secretKeyRef: { name: "password", key: "word" } }) },
          { name: "GONE", valueFrom: from({ configMapKeyRef: { name: "settings", key: "size", optional: true } }) },
          { name: "GONE_TOO", valueFrom: from({ secretKeyRef: { name: "nobody", key: "x", optional: true } }) },
        ],
      }),
    ),
  ],
  async (node) => {
    const env = environment(await node.output(await node.ready("env"), ["env"]));
    deepEqual([env.PLAIN, env.COLOR, env.WORD], ["value", "blue", "swordfish"]);
    ok(!("GONE" in env) && !("GONE_TOO" in env));
    ok(!node.log().includes("swordfish"), "a secret is in the log");
  },
);

nodeTest(
  "envFrom takes all keys with a prefix, and env overrides it",
  [
    configMap("many", { A: "1", B: "2" }),
    secret("many", { S: "3" }),
    pod(
      "env-from",
      container("main", idle, {
        envFrom: [
          { configMapRef: { name: "many" } },
          { prefix: "X_", configMapRef: { name: "many" } },
          { secretRef: { name: "many" } },
          { configMapRef: { name: "none", optional: true } },
        ],
        env: [{ name: "B", value: "own" }],
      }),
    ),
  ],
  async (node) => {
    const env = environment(await node.output(await node.ready("env-from"), ["env"]));
    deepEqual([env.A, env.B, env.X_A, env.X_B, env.S], ["1", "own", "1", "2", "3"]);
  },
);

nodeTest(
  "fieldRef and resourceFieldRef tell the container about itself",
  pod(
    "fields",
    container("main", idle, {
      resources: { requests: { cpu: "250m", memory: "16Mi" }, limits: { cpu: "500m", memory: "64Mi" } },
      env: [
        ...[
          ["NAME", "metadata.name"],
          ["NAMESPACE", "metadata.namespace"],
          ["UID", "metadata.uid"],
          ["LABEL", "metadata.labels['app']"],
          ["NOTE", "metadata.annotations['note']"],
          ["NODE", "spec.nodeName"],
          ["ACCOUNT", "spec.serviceAccountName"],
          ["POD_IP", "status.podIP"],
          ["HOST_IP", "status.hostIP"],
        ].map(([name, fieldPath]) => ({ name, valueFrom: { fieldRef: { fieldPath } } })),
        ...[
          ["CPU_LIMIT", "limits.cpu", undefined],
          ["CPU_MILLIS", "limits.cpu", "1m"],
          ["CPU_REQUEST", "requests.cpu", "1m"],
          ["MEMORY_LIMIT", "limits.memory", undefined],
          ["MEMORY_MI", "limits.memory", "1Mi"],
        ].map(([name, resource, divisor]) => ({ name, valueFrom: { resourceFieldRef: { resource, divisor } } })),
      ],
    }),
    {},
    { labels: { app: "demo" }, annotations: { note: "hello" } },
  ),
  async (node) => {
    const pod = await node.ready("fields");
    const env = environment(await node.output(pod, ["env"]));
    deepEqual(
      [env.NAME, env.NAMESPACE, env.UID, env.LABEL, env.NOTE, env.NODE, env.POD_IP, env.HOST_IP],
      ["fields", "default", pod.metadata.uid, "demo", "hello", node.name, pod.status?.podIP, pod.status?.hostIP],
    );
    deepEqual(
      [env.CPU_LIMIT, env.CPU_MILLIS, env.CPU_REQUEST, env.MEMORY_LIMIT, env.MEMORY_MI],
      ["1", "500", "250", String(64 * 2 ** 20), "64"],
    );
  },
);

nodeTest(
  "$(VAR) is expanded in env, command and args, and $$(VAR) and unknown names are left",
  pod(
    "expansion",
    {
      name: "main",
      image: "dev.islet/busybox:1",
      command: ["sh", "-c", 'echo "$0|$1|$2"; sleep 3600', "$(GREETING)"],
      args: ["$$(GREETING)", "$(UNKNOWN)"],
      env: [{ name: "WHO", value: "world" }, { name: "GREETING", value: "hello $(WHO)" }],
    },
  ),
  async (node) => {
    equal(await node.logged("expansion", "\n"), "hello world|$(GREETING)|$(UNKNOWN)\n");
  },
);

nodeTest(
  "a missing ConfigMap key holds the container back with CreateContainerConfigError until it is there",
  pod(
    "late",
    container("main", idle, {
      env: [{ name: "LATE", valueFrom: from({ configMapKeyRef: { name: "late", key: "key" } }) }],
    }),
  ),
  async (node) => {
    const held = await node.podUntil(
      "late",
      "waits",
      (pod) => statusOf(pod)?.state?.waiting?.reason === "CreateContainerConfigError",
    );
    match(statusOf(held)?.state?.waiting?.message ?? "", /configmap "late" not found/);
    await node.event("late", "Failed", 'configmap "late" not found');
    node.write("late-config.yaml", manifest(configMap("late", { key: "value" })));
    equal(await node.output(await node.ready("late"), "echo $LATE"), "value");
  },
);

nodeTest(
  "command, args, workingDir and the image's own entrypoint, command, environment and volume work as in Kubernetes",
  [
    pod("image-defaults", { name: "main", image: "dev.islet/busybox-volume:1" }),
    pod("image-args", { name: "main", image: "dev.islet/busybox-volume:1", args: ["echo only args; pwd; sleep 3600"] }),
    pod("working-dir", container("main", "pwd; sleep 3600", { workingDir: "/tmp/made" })),
  ],
  async (node) => {
    match(await node.logged("image-defaults", "\n"), /^default command\n/);
    equal(
      await node.output(await node.ready("image-defaults"), "echo $FROM_IMAGE; cat /data/from-image"),
      "yes\nfrom the image",
    );
    match(await node.logged("image-args", "/"), /^only args\n\/var\n/);
    match(await node.logged("working-dir", "/"), /^\/tmp\/made\n/);
  },
);

nodeTest(
  "hostname, subdomain and setHostnameAsFQDN name the pod",
  [
    pod("named"),
    pod("renamed", idle, { hostname: "other", subdomain: "sub" }),
    pod("qualified", idle, { hostname: "other", subdomain: "sub", setHostnameAsFQDN: true }),
  ],
  async (node) => {
    equal(await node.output(await node.ready("named"), ["hostname"]), "named");
    const renamed = await node.ready("renamed");
    equal(await node.output(renamed, ["hostname"]), "other");
    match(
      await node.output(renamed, ["cat", "/etc/hosts"]),
      new RegExp(`^${renamed.status?.podIP}\\s+other\\.sub\\.default\\.svc\\.cluster\\.local\\s+other$`, "m"),
    );
    equal(await node.output(await node.ready("qualified"), ["hostname"]), "other.sub.default.svc.cluster.local");
  },
);

nodeTest(
  "/etc/hosts is managed with the pod's address and hostAliases, the same for all containers, unless mounted over",
  [
    pod("hosts", [
      container("main"),
      container("second"),
      container("own", idle, { volumeMounts: [{ name: "own", mountPath: "/etc/hosts", subPath: "hosts" }] }),
    ], {
      hostAliases: [{ ip: "10.1.2.3", hostnames: ["alias.example", "second.example"] }],
      volumes: [{ name: "own", configMap: { name: "own-hosts" } }],
    }),
    configMap("own-hosts", { hosts: "127.0.0.1 own\n" }),
  ],
  async (node) => {
    const pod = await node.ready("hosts");
    const hosts = await node.output(pod, ["cat", "/etc/hosts"], "main");
    match(hosts, /^# Kubernetes-managed hosts file/);
    match(hosts, /^127\.0\.0\.1\s+localhost$/m);
    match(hosts, new RegExp(`^${pod.status?.podIP}\\s+hosts$`, "m"));
    match(hosts, /^10\.1\.2\.3\s+alias\.example\s+second\.example$/m);
    equal(await node.output(pod, ["cat", "/etc/hosts"], "second"), hosts);
    equal(await node.output(pod, ["cat", "/etc/hosts"], "own"), "127.0.0.1 own");
  },
);

nodeTest(
  "dnsPolicy None with dnsConfig writes exactly that resolv.conf, Default the machine's, ClusterFirst the cluster's",
  [
    pod("dns-none", idle, {
      dnsPolicy: "None",
      dnsConfig: {
        nameservers: ["192.0.2.53"],
        searches: ["one.example", "two.example"],
        options: [{ name: "ndots", value: "3" }, { name: "edns0" }],
      },
    }),
    pod("dns-default", idle, { dnsPolicy: "Default" }),
    pod("dns-cluster", idle, { dnsPolicy: "ClusterFirst" }),
  ],
  async (node) => {
    equal(
      await node.output(await node.ready("dns-none"), ["cat", "/etc/resolv.conf"]),
      "search one.example two.example\nnameserver 192.0.2.53\noptions ndots:3 edns0",
    );
    const nameservers = (text: string) => text.split("\n").filter((line) => line.startsWith("nameserver"));
    const machine = nameservers(Deno.readTextFileSync("/etc/resolv.conf"));
    deepEqual(
      nameservers(await node.output(await node.ready("dns-default"), ["cat", "/etc/resolv.conf"])),
      machine.slice(0, 3),
    );
    deepEqual(
      nameservers(await node.output(await node.ready("dns-cluster"), ["cat", "/etc/resolv.conf"])),
      ["nameserver 10.96.0.10"],
    );
  },
);

nodeTest(
  "hostNetwork, hostPID and hostIPC share the machine's namespaces",
  [
    pod("host", idle, { hostNetwork: true, hostPID: true, hostIPC: true }),
    pod("own"),
  ],
  async (node) => {
    const namespaces = async (name: string) =>
      (await node.output(await node.ready(name), "for ns in net pid ipc; do readlink /proc/self/ns/$ns; done"))
        .split("\n");
    const [net, pid, ipc] = await namespaces("host");
    const machine =
      (await node.inside("readlink", "/proc/self/ns/net", "/proc/self/ns/pid", "/proc/self/ns/ipc")).stdout;
    equal([net, pid, ipc].join("\n"), machine.trim());
    const own = await namespaces("own");
    ok(own.every((one) => !machine.includes(one)));
    const host = (await node.pod("host"))!;
    equal(host.status?.podIP, host.status?.hostIP);
    match(await node.output(host, ["hostname"]), new RegExp(`^(${node.name}|${hostname()})$`));
  },
);

nodeTest(
  "shareProcessNamespace lets containers see each other, and the sandbox reaps zombies",
  pod("shared", [container("main"), container("second", "(sleep 0.1 &) ; exec sleep 3600")], {
    shareProcessNamespace: true,
  }),
  async (node) => {
    const pod = await node.ready("shared");
    const processes = await node.output(pod, "ps -o comm,args", "main");
    match(processes, /sleep 3600/);
    // An orphan becomes a child of the sandbox's process, which must reap it
    await node.output(pod, "sh -c '(sh -c \"sleep 0.2\" & ) ; exit 0'", "main");
    await node.until("no zombie is left", async () => {
      const states = await node.output(pod, "cat /proc/[0-9]*/stat | awk '{print $3}' | sort | uniq -c", "main");
      return !/\bZ\b/.test(states);
    });
    equal(
      await node.output(pod, "readlink /proc/1/exe; cat /proc/1/comm", "main").then((text) => text.includes("sh")),
      false,
    );
  },
);

nodeTest(
  "stdin and tty are given where they are asked for",
  [pod("tty", container("main", "tty; sleep 3600", { stdin: true, tty: true })), pod("no-tty", "tty; sleep 3600")],
  async (node) => {
    await node.logged("tty", "/dev/");
    await node.logged("no-tty", "not a tty");
  },
);

nodeTest(
  "finished pods keep their logs readable",
  pod("talked", "echo said; echo more", { restartPolicy: "Never" }),
  async (node) => {
    const pod = await node.podUntil("talked", "has ended", finished);
    equal(node.logs(pod), "said\nmore\n");
  },
);
