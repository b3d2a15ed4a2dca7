/** Volumes of every kind as containers see them. */
import { equal, match, ok } from "node:assert/strict";
import { existsSync } from "node:fs";
import { nodeFile } from "../support/node_file.ts";
import { configMap, container, idle, manifest, pod, secret, statusOf } from "../support/pods.ts";

const { nodeTest } = nodeFile();

const mounted = (name: string, mountPath: string, more = {}) => ({
  volumeMounts: [{ name, mountPath, ...more }],
});

nodeTest(
  "an emptyDir is shared by the pod's containers, outlives a restart of them and is gone with the pod",
  pod("empty", [
    container(
      "main",
      `echo x >> /data/starts; test $(wc -l < /data/starts) = 2 && { ${idle}; }; sleep 1; exit 1`,
      mounted("data", "/data"),
    ),
    container("other", idle, mounted("data", "/elsewhere")),
  ], { volumes: [{ name: "data", emptyDir: {} }] }),
  async (node) => {
    const pod = await node.podUntil(
      "empty",
      "is restarted",
      (pod) => statusOf(pod, "main")?.restartCount === 1 && statusOf(pod, "main")?.ready,
    );
    equal(await node.output(pod, "wc -l < /elsewhere/starts; stat -c %a /elsewhere", "other"), "2\n777");
    const dir = `${node.rootDir}/pods/${pod.metadata.uid}`;
    equal(Deno.readTextFileSync(`${dir}/volumes/kubernetes.io~empty-dir/data/starts`), "x\nx\n");
    node.remove("empty.yaml");
    await node.gone("empty");
    ok(!existsSync(dir));
  },
);

nodeTest(
  "an emptyDir in memory is a tmpfs of its size limit",
  pod("memory", container("main", idle, mounted("ram", "/ram")), {
    volumes: [{ name: "ram", emptyDir: { medium: "Memory", sizeLimit: "2Mi" } }],
  }),
  async (node) => {
    const pod = await node.ready("memory");
    match(await node.output(pod, "grep ' /ram ' /proc/mounts"), /^tmpfs \/ram tmpfs .*\bsize=2048k/);
    const { code, stderr } = await node.exec(pod, "dd if=/dev/zero of=/ram/big bs=1M count=4");
    equal(code, 1);
    match(stderr, /No space left/);
  },
);

nodeTest("what hostPath makes has its mode whatever the umask that islet is started with", {}, async (node) => {
  const base = `${node.dir}/modes`;
  const umask = Deno.umask(0o077);
  try {
    await node.restart();
  } finally {
    Deno.umask(umask);
  }
  const volumes = [["directory", "DirectoryOrCreate"], ["file", "FileOrCreate"]].map(([name, type]) => ({
    name,
    hostPath: { path: `${base}/${name}`, type },
  }));
  Deno.mkdirSync(base, { recursive: true });
  const volumeMounts = volumes.map(({ name }) => ({ name, mountPath: `/v/${name}` }));
  node.write("modes.yaml", manifest(pod("modes", container("main", idle, { volumeMounts }), { volumes })));
  await node.ready("modes");
  equal(await node.output("modes", "stat -c %a /v/directory /v/file"), "755\n644");
  await node.restart();
});

nodeTest("hostPath checks and makes what its type says", {}, async (node) => {
  const base = `${node.dir}/host`;
  Deno.mkdirSync(`${base}/there`, { recursive: true });
  Deno.writeTextFileSync(`${base}/file`, "content\n");
  const socket = Deno.listen({ transport: "unix", path: `${base}/socket` });
  const good: Record<string, [path: string, type: string | undefined]> = {
    plain: ["there", undefined],
    directory: ["there", "Directory"],
    made: ["made", "DirectoryOrCreate"],
    file: ["file", "File"],
    "file-made": ["file-made", "FileOrCreate"],
    socket: ["socket", "Socket"],
  };
  const volumes = Object.entries(good).map(([name, [path, type]]) => ({
    name,
    hostPath: { path: `${base}/${path}`, type },
  }));
  volumes.push({ name: "device", hostPath: { path: "/dev/null", type: "CharDevice" } });
  node.write(
    "host.yaml",
    manifest(pod(
      "host",
      container("main", idle, {
        volumeMounts: volumes.map(({ name }) => ({ name, mountPath: `/v/${name}` })),
      }),
      { volumes },
    )),
  );
  node.write(
    "host-wrong.yaml",
    manifest([
      ...[["absent", "none", "Directory"], ["kind", "file", "Directory"], ["no-socket", "file", "Socket"]].map((
        [name, path, type],
      ) =>
        pod(`host-${name}`, container("main", idle, mounted("wrong", "/v")), {
          volumes: [{ name: "wrong", hostPath: { path: `${base}/${path}`, type } }],
        })
      ),
    ]),
  );
  const host = await node.ready("host");
  equal(
    await node.output(host, "cat /v/file; echo new > /v/made/x; test -S /v/socket && test -c /v/device && echo kinds"),
    "content\nkinds",
  );
  equal(Deno.readTextFileSync(`${base}/made/x`), "new\n");
  equal(Deno.statSync(`${base}/made`).mode! & 0o777, 0o755);
  equal(Deno.statSync(`${base}/file-made`).size, 0);
  await node.event("host-absent", "FailedMount", "is not a directory");
  await node.event("host-kind", "FailedMount", "is not a directory");
  await node.event("host-no-socket", "FailedMount", "is not a socket");
  const waiting = await node.pod("host-absent");
  equal(statusOf(waiting!)?.state?.waiting?.reason, "ContainerCreating");
  equal(waiting?.status?.phase, "Pending");
  ok(!(await node.sandboxes()).some(({ metadata }) => metadata?.name === "host-absent"));
  socket.close();
  node.remove("host.yaml");
  await node.gone("host");
  ok(existsSync(`${base}/made/x`), "a host path is removed with its pod");
});

/** A pod with all kinds of volumes from a ConfigMap and a Secret of these data. */
const live = (data: Record<string, string>, key: string) => [
  configMap("live", data),
  secret("live", { key }),
  pod(
    "live",
    container("main", idle, {
      volumeMounts: [
        { name: "all", mountPath: "/all" },
        { name: "some", mountPath: "/some" },
        { name: "secret", mountPath: "/secret", readOnly: true },
        { name: "optional", mountPath: "/optional" },
        { name: "all", mountPath: "/fixed", subPath: "one" },
      ],
    }),
    {
      volumes: [
        { name: "all", configMap: { name: "live" } },
        {
          name: "some",
          configMap: {
            name: "live",
            defaultMode: 0o400,
            items: [{ key: "two", path: "deep/second", mode: 0o600 }],
            optional: true,
          },
        },
        { name: "secret", secret: { secretName: "live", defaultMode: 0o440 } },
        { name: "optional", configMap: { name: "nobody", optional: true } },
      ],
    },
  ),
];

nodeTest(
  "configMap and secret volumes have their modes and items, and follow changes without a restart",
  live({ one: "1", two: "2" }, "hidden"),
  async (node) => {
    const before = await node.ready("live");
    equal(await node.output(before, "cat /all/one /all/two /some/deep/second /secret/key"), "122hidden");
    equal(
      await node.output(before, "stat -L -c %a /all/one /some/deep/second /secret/key; ls /some; ls /optional"),
      "644\n600\n440\ndeep",
    );
    match(
      await node.output(before, "readlink /all/one; readlink /all/..data"),
      /^\.\.data\/one\n\.\.\d{4}_/,
    );
    match(await node.output(before, "grep ' /secret ' /proc/mounts"), /^tmpfs /);
    node.write("live.yaml", manifest(live({ one: "first", three: "3" }, "other")));
    const look = "cat /all/one /all/three /secret/key; test -e /all/two || echo gone";
    await node.until(
      "the volumes have the new values",
      async () => (await node.exec(before, look)).stdout === "first3othergone\n",
    );
    equal(await node.output(before, "cat /fixed"), "1");
    equal(statusOf(await node.ready("live"))?.containerID, statusOf(before)?.containerID);
  },
);

nodeTest(
  "a missing ConfigMap holds the pod back with FailedMount and no sandbox until it is there",
  pod("wants", container("main", idle, mounted("map", "/map")), {
    volumes: [{ name: "map", configMap: { name: "wanted" } }],
  }),
  async (node) => {
    await node.event("wants", "FailedMount", 'configmap "wanted" not found');
    ok(!(await node.sandboxes()).some(({ metadata }) => metadata?.name === "wants"));
    equal((await node.pod("wants"))?.status?.phase, "Pending");
    node.write("wanted.yaml", manifest(configMap("wanted", { key: "value" })));
    equal(await node.output(await node.ready("wants"), "cat /map/key"), "value");
  },
);

nodeTest(
  "downwardAPI and projected volumes tell of the pod, and follow its labels",
  [
    configMap("part", { from: "map" }),
    secret("part", { also: "secret" }),
    pod(
      "told",
      container("main", idle, {
        resources: { limits: { memory: "64Mi" } },
        volumeMounts: [{ name: "about", mountPath: "/about" }, { name: "mixed", mountPath: "/mixed" }],
      }),
      {
        volumes: [
          {
            name: "about",
            downwardAPI: {
              items: [
                { path: "labels", fieldRef: { fieldPath: "metadata.labels" } },
                { path: "name", fieldRef: { fieldPath: "metadata.name" }, mode: 0o400 },
                {
                  path: "memory",
                  resourceFieldRef: { containerName: "main", resource: "limits.memory", divisor: "1Mi" },
                },
              ],
            },
          },
          {
            name: "mixed",
            projected: {
              defaultMode: 0o444,
              sources: [
                { configMap: { name: "part" } },
                { secret: { name: "part", items: [{ key: "also", path: "sub/also" }] } },
                { downwardAPI: { items: [{ path: "uid", fieldRef: { fieldPath: "metadata.uid" } }] } },
              ],
            },
          },
        ],
      },
      { labels: { app: "told" } },
    ),
  ],
  async (node) => {
    const before = await node.ready("told");
    equal(await node.output(before, "cat /about/labels /about/name; echo; cat /about/memory"), 'app="told"told\n64');
    equal(await node.output(before, "cat /mixed/from /mixed/sub/also /mixed/uid"), `mapsecret${before.metadata.uid}`);
    const text = Deno.readTextFileSync(`${node.manifests}/part.yaml`);
    node.write("part.yaml", text.replace('"app": "told"', '"app": "told", "tier": "new"'));
    await node.until(
      "the labels file is new",
      async () => (await node.exec(before, "cat /about/labels")).stdout === 'app="told"\ntier="new"',
    );
    equal(statusOf(await node.ready("told"))?.containerID, statusOf(before)?.containerID);
  },
);

nodeTest(
  "subPath and subPathExpr mount a part of a volume, and never what lies outside it",
  [
    pod(
      "sub",
      container("main", idle, {
        env: [{ name: "NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }],
        volumeMounts: [
          { name: "data", mountPath: "/whole" },
          { name: "data", mountPath: "/part", subPath: "a/b" },
          { name: "data", mountPath: "/mine", subPathExpr: "pods/$(NAME)" },
        ],
      }),
      { volumes: [{ name: "data", emptyDir: {} }] },
    ),
    pod("sub-escape", container("main", idle, mounted("data", "/stolen", { subPath: "link" })), {
      initContainers: [container("link", "ln -s /etc /data/link", mounted("data", "/data"))],
      volumes: [{ name: "data", emptyDir: {} }],
    }),
  ],
  async (node) => {
    const pod = await node.ready("sub");
    await node.output(pod, "echo x > /part/file; echo y > /mine/file");
    equal(await node.output(pod, "cat /whole/a/b/file /whole/pods/sub/file"), "x\ny");
    const held = await node.podUntil(
      "sub-escape",
      "is held back",
      (pod) => statusOf(pod, "main")?.state?.waiting?.reason === "CreateContainerConfigError",
    );
    match(statusOf(held, "main")?.state?.waiting?.message ?? "", /subPath/);
  },
);

nodeTest(
  "readOnly mounts cannot be written, and mountPropagation is passed on",
  {},
  async (node) => {
    const path = `${node.dir}/propagated`;
    Deno.mkdirSync(path);
    node.write(
      "mounts.yaml",
      manifest(pod("mounts", [
        container("main", idle, {
          volumeMounts: [
            { name: "data", mountPath: "/ro", readOnly: true },
            { name: "host", mountPath: "/private" },
            { name: "host", mountPath: "/slave", mountPropagation: "HostToContainer" },
          ],
        }),
        container("giver", idle, {
          securityContext: { privileged: true },
          volumeMounts: [{ name: "host", mountPath: "/shared", mountPropagation: "Bidirectional" }],
        }),
      ], { volumes: [{ name: "data", emptyDir: {} }, { name: "host", hostPath: { path } }] })),
    );
    const mounts = await node.ready("mounts");
    match((await node.exec(mounts, "echo x > /ro/file", "main")).stderr, /Read-only file system/);
    await node.output(mounts, "mkdir /shared/m && mount -t tmpfs none /shared/m && touch /shared/m/inside", "giver");
    equal(await node.output(mounts, "ls /slave/m; ls /private/m", "main"), "inside");
    ok(node.namespaces.mounts().includes(`${path}/m`));
    await node.output(mounts, "umount /shared/m", "giver");
  },
);

nodeTest(
  "fsGroup owns volumes and is a group of the processes",
  [
    secret("owned", { key: "value" }),
    pod(
      "group",
      container("main", idle, {
        volumeMounts: [{ name: "data", mountPath: "/data" }, { name: "secret", mountPath: "/secret" }],
      }),
      {
        securityContext: { fsGroup: 4711, runAsUser: 1000 },
        volumes: [{ name: "data", emptyDir: {} }, {
          name: "secret",
          secret: { secretName: "owned", defaultMode: 0o400 },
        }],
      },
    ),
  ],
  async (node) => {
    const pod = await node.ready("group");
    equal(
      await node.output(pod, "stat -c '%g %a' /data; stat -L -c '%g %a' /secret/key; cat /secret/key"),
      "4711 2777\n4711 440\nvalue",
    );
    match(await node.output(pod, "id -G"), /\b4711\b/);
    equal(await node.output(pod, "touch /data/new && stat -c '%u %g' /data/new"), "1000 4711");
  },
);

nodeTest(
  "a volume's directory is removed without following a symlink or crossing a mount",
  {},
  async (node) => {
    const outside = `${node.dir}/outside`;
    Deno.mkdirSync(outside);
    Deno.writeTextFileSync(`${outside}/precious`, "");
    node.write(
      "tricky.yaml",
      manifest(pod("tricky", container("main", idle, mounted("data", "/data")), {
        volumes: [{ name: "data", emptyDir: {} }],
      })),
    );
    const tricky = await node.ready("tricky");
    await node.output(tricky, `ln -s ${outside} /data/link; mkdir -p /data/deep/down; touch /data/deep/down/file`);
    const volume = `${node.rootDir}/pods/${tricky.metadata.uid}/volumes/kubernetes.io~empty-dir/data`;
    await node.inside("mkdir", `${volume}/mounted`);
    await node.inside("mount", "--bind", outside, `${volume}/mounted`);
    node.remove("tricky.yaml");
    await node.until(
      "the volume is cleaned or said to be held",
      () => !existsSync(volume) || /Cannot .*(mount|busy)/i.test(node.log()),
      { timeoutMs: 30_000 },
    ).catch(() => {});
    ok(existsSync(`${outside}/precious`), "what was mounted into the volume is gone");
    await node.inside("umount", `${volume}/mounted`);
    await node.gone("tricky");
    ok(existsSync(`${outside}/precious`));
  },
);

nodeTest(
  "a claim is the storage of the PersistentVolume that it names, a path of the machine; one that is missing is waited for",
  {},
  async (node) => {
    const volume = (name: string, source: object) => ({
      apiVersion: "v1",
      kind: "PersistentVolume",
      metadata: { name },
      spec: { capacity: { storage: "1Gi" }, accessModes: ["ReadWriteOnce"], ...source },
    });
    const claim = (name: string) => ({
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata: { name },
      spec: {
        accessModes: ["ReadWriteOnce"],
        resources: { requests: { storage: "1Gi" } },
        volumeName: `pv-${name}`,
      },
    });
    for (const name of ["host", "local"]) Deno.mkdirSync(`${node.dir}/pv-${name}`);
    const term = { matchExpressions: [{ key: "kubernetes.io/os", operator: "In", values: ["linux"] }] };
    const local = { path: `${node.dir}/pv-local` };
    const nodeAffinity = { required: { nodeSelectorTerms: [term] } };
    const volumes = ["host", "local"].map((name) => ({ name, persistentVolumeClaim: { claimName: name } }));
    const volumeMounts = volumes.map(({ name }) => ({ name, mountPath: `/${name}` }));
    const script = `echo from-pod > /host/file; echo from-pod > /local/file; ${idle}`;
    node.write("claimer.yaml", manifest(pod("claimer", container("main", script, { volumeMounts }), { volumes })));
    await node.event("claimer", "FailedMount", 'persistentvolumeclaim "host" not found');
    node.write(
      "storage.yaml",
      manifest([
        volume("pv-host", { hostPath: { path: `${node.dir}/pv-host` } }),
        volume("pv-local", { local, nodeAffinity }),
        claim("host"),
        claim("local"),
      ]),
    );
    await node.ready("claimer");
    for (const name of ["host", "local"]) {
      await node.until(`the pod wrote to ${name}`, () => existsSync(`${node.dir}/pv-${name}/file`));
    }
    node.remove("claimer.yaml");
    await node.gone("claimer");
    for (const name of ["host", "local"]) {
      equal(Deno.readTextFileSync(`${node.dir}/pv-${name}/file`), "from-pod\n", "the files outlive the pod");
    }
  },
);
