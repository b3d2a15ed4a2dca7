/**
 * Who reaches the API, how, and what they may: certificates, tokens, roles, from outside, from pods and on the machine.
 */
import { deepEqual, equal, match, notEqual, ok } from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { kubectlOf } from "../support/kubectl.ts";
import { nodeFile } from "../support/node_file.ts";
import { sleep, type TestNode } from "../support/node.ts";
import { run } from "../support/namespaces.ts";
import { container, containerId, manifest, pod } from "../support/pods.ts";

// deno-lint-ignore no-explicit-any -- JSON of any shape
type Loose = any;

const { nodeTest } = nodeFile();

/** Whether the binary under test can ask clients for certificates: one compiled with Deno 2.7 cannot. */
async function knowsClientCertificates(node: TestNode): Promise<boolean> {
  const { compiler } = await (await node.api("/version")).json();
  const [, major, minor] = /^deno (\d+)\.(\d+)/.exec(compiler)!;
  return Number(major) > 2 || Number(minor) >= 9;
}

async function kubeconfigs(node: TestNode): Promise<{ token: string; certificate: string }> {
  const certificate = join(node.rootDir, "admin-cert.kubeconfig");
  const token = await node.kubeconfig();
  await node.until("there is the other kubeconfig", () => existsSync(certificate));
  return { token, certificate };
}

async function kubectl(node: TestNode, kubeconfig: string) {
  const tool = await kubectlOf(node, "1.36", { kubeconfig });
  return async (...words: string[]) => await tool.run(...words);
}

interface CurlOptions {
  token?: string;
  host?: string;
  port?: number;
  args?: string[];
}

/** A request over TLS, the server verified by the node's CA. */
async function curl(
  node: TestNode,
  path: string,
  { token, host = "127.0.0.1", port = 6550, args = [] }: CurlOptions = {},
) {
  const { code, stdout, stderr } = await node.inside(
    "curl",
    "--silent",
    "--show-error",
    "--max-time",
    "60",
    "--cacert",
    join(node.rootDir, "pki/ca.crt"),
    "--write-out",
    "\n%{http_code}",
    ...(token === undefined ? [] : ["--header", `Authorization: Bearer ${token}`]),
    ...args,
    `https://${host}:${port}${path}`,
  );
  const at = stdout.lastIndexOf("\n");
  return { code, stderr, text: stdout.slice(0, at), status: Number(stdout.slice(at + 1)) };
}

const account = (name: string) => ({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name } });
const rbac = "rbac.authorization.k8s.io/v1";
const role = (name: string, rules: object[]) => ({ apiVersion: rbac, kind: "Role", metadata: { name }, rules });
const roleBinding = (name: string, roleName: string, accountName: string) => ({
  apiVersion: rbac,
  kind: "RoleBinding",
  metadata: { name },
  roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: roleName },
  subjects: [{ kind: "ServiceAccount", name: accountName, namespace: "default" }],
});

const tokenDir = "/var/run/secrets/kubernetes.io/serviceaccount";

/** Asks the API as a client library in a pod does: in its network, with its environment, its CA and its token. */
async function fromPod(node: TestNode, name: string, path: string) {
  const object = (await node.pod(name))!;
  const { info } = await node.cri.runtime.containerStatus({ containerId: containerId(object), verbose: true });
  const file = join(node.dir, `${name}.ca.crt`);
  Deno.writeTextFileSync(file, await node.output(name, `cat ${tokenDir}/ca.crt`) + "\n");
  const token = await node.output(name, `cat ${tokenDir}/token`);
  const server = await node.output(name, 'echo "$KUBERNETES_SERVICE_HOST:$KUBERNETES_SERVICE_PORT"');
  const { stdout, stderr } = await run("nsenter", [
    ...["--target", String(JSON.parse(info.info).pid), "--net", "--"],
    ...["curl", "--silent", "--show-error", "--max-time", "60", "--cacert", file, "--write-out", "\n%{http_code}"],
    ...["--header", `Authorization: Bearer ${token}`, `https://${server}${path}`],
  ]);
  const at = stdout.lastIndexOf("\n");
  return { text: stdout.slice(0, at), status: Number(stdout.slice(at + 1)), stderr };
}

nodeTest("keys, certificates and kubeconfigs are for root alone", {}, async (node) => {
  await kubeconfigs(node);
  const mode = (path: string) => Deno.statSync(join(node.rootDir, path)).mode! & 0o777;
  equal(mode("pki"), 0o700);
  const names = [...Deno.readDirSync(join(node.rootDir, "pki"))].map(({ name }) => name).sort();
  deepEqual(names, ["admin.pem", "admin.token", "ca.crt", "ca.key", "sa.key", "serving.pem"]);
  for (const name of names) equal(mode(`pki/${name}`), 0o600, name);
  for (const name of ["admin.kubeconfig", "admin-cert.kubeconfig"]) equal(mode(name), 0o600, name);
  const log = node.log();
  ok(!log.includes(Deno.readTextFileSync(join(node.rootDir, "pki/admin.token")).trim()));
  ok(!log.includes("PRIVATE KEY"));
});

nodeTest("kubectl works with the token and with the client certificate", {}, async (node) => {
  const { token, certificate } = await kubeconfigs(node);
  const who = async (kubeconfig: string) => {
    const { code, stdout, stderr } = await (await kubectl(node, kubeconfig))("auth", "whoami", "-o", "json");
    return code === 0 ? JSON.parse(stdout).status.userInfo : stderr;
  };
  deepEqual(await who(token), { username: "system:admin", groups: ["system:masters", "system:authenticated"] });
  if (await knowsClientCertificates(node)) deepEqual(await who(certificate), await who(token));
  else match(await who(certificate), /Unauthorized|logged in/);
});

nodeTest("the serving certificate is for the node by every name it has", {}, async (node) => {
  await kubeconfigs(node);
  const { stdout } = await node.inside("ip", "-json", "address", "show", "dev", "eth0");
  const [{ local }] = JSON.parse(stdout)[0].addr_info;
  for (
    const name of [
      "localhost",
      node.name,
      "kubernetes",
      "kubernetes.default",
      "kubernetes.default.svc",
      "kubernetes.default.svc.cluster.local",
    ]
  ) {
    const { status, stderr } = await curl(node, "/healthz", {
      host: name,
      args: ["--resolve", `${name}:6550:127.0.0.1`],
    });
    equal(status, 200, `${name}: ${stderr}`);
  }
  // the service address answers; the node's own is named although nobody listens there
  equal((await curl(node, "/healthz", { host: "10.96.0.1", port: 443 })).status, 200);
  equal(
    (await curl(node, "/healthz", { args: ["--connect-to", `${local}:6550:127.0.0.1:6550`], host: local })).status,
    200,
  );
  const refused = await curl(node, "/healthz", { host: "other", args: ["--resolve", "other:6550:127.0.0.1"] });
  notEqual(refused.code, 0);
});

nodeTest("without credentials only health and version are told", {}, async (node) => {
  await kubeconfigs(node);
  for (const path of ["/healthz", "/livez", "/readyz", "/version"]) equal((await curl(node, path)).status, 200, path);
  for (const path of ["/", "/api", "/api/v1/pods", "/openapi/v3", "/metrics", "/islet/v1/manifests/problems"]) {
    const { status, text } = await curl(node, path);
    equal(status, 401, path);
    equal(JSON.parse(text).reason, "Unauthorized");
  }
  equal((await curl(node, "/api", { token: "wrong" })).status, 401);
  equal((await curl(node, "/healthz", { token: "wrong" })).status, 401);
});

nodeTest("nothing listens beyond loopback without TLS", {}, async (node) => {
  await kubeconfigs(node);
  const { stdout } = await node.inside("ss", "--numeric", "--listening", "--tcp", "--no-header", "--processes");
  const listeners = stdout.trim().split("\n").map((line) => {
    const [, , , local] = line.split(/\s+/);
    return local.replace(/^\*/, "0.0.0.0");
  });
  ok(listeners.includes("127.0.0.1:6550"), stdout);
  ok(listeners.includes("10.96.0.1:6550"), stdout);
  // DNS on a service address that lies on `lo` is for the node and its pods
  const others = listeners.filter((each) => !/^(127\.|\[::1\])/.test(each) && each !== "10.96.0.10:53");
  for (const listener of others) {
    const [, host, port] = /^(.+):(\d+)$/.exec(listener)!;
    const address = host === "0.0.0.0" || host === "[::]" ? "127.0.0.1" : host;
    const plain = await node.inside("curl", "--silent", "--max-time", "5", `http://${address}:${port}/healthz`);
    ok(plain.code !== 0 || !/ok/.test(plain.stdout), `${listener} answers without TLS: ${plain.stdout}`);
    const tls = await node.inside(
      "curl",
      "--silent",
      "--insecure",
      "--max-time",
      "60",
      `https://${address}:${port}/healthz`,
    );
    equal(tls.code, 0, `${listener} does not speak TLS`);
  }
});

nodeTest("kubelet's API wants credentials and obeys the node's roles", {}, async (node) => {
  const { token } = await kubeconfigs(node);
  await node.until("it listens", async () => (await curl(node, "/healthz", { port: 10250 })).status === 401);
  const admin = parse(Deno.readTextFileSync(token)).users[0].user.token;
  const { status, text } = await curl(node, "/pods", { port: 10250, token: admin });
  equal(status, 200);
  equal(JSON.parse(text).kind, "PodList");
  const run = await kubectl(node, token);
  equal((await run("create", "serviceaccount", "scraper")).code, 0);
  const scraper = (await run("create", "token", "scraper")).stdout.trim();
  equal((await curl(node, "/metrics", { port: 10250, token: scraper })).status, 403);
  equal((await run("create", "clusterrole", "scrape", "--verb=get", "--resource=nodes/metrics")).code, 0);
  equal(
    (await run("create", "clusterrolebinding", "scrape", "--clusterrole=scrape", "--serviceaccount=default:scraper"))
      .code,
    0,
  );
  equal((await curl(node, "/metrics", { port: 10250, token: scraper })).status, 200);
  equal((await curl(node, "/pods", { port: 10250, token: scraper })).status, 403);
});

nodeTest(
  "a pod's account may do what its roles say, through the kubernetes Service, and nothing else",
  [
    account("reader"),
    role("reader", [{ apiGroups: [""], resources: ["pods"], verbs: ["get", "list"] }]),
    roleBinding("reader", "reader", "reader"),
    pod("client", container("main", "sleep 1000"), { serviceAccountName: "reader" }),
  ],
  async (node) => {
    await node.ready("client");
    const { status, text, stderr } = await fromPod(node, "client", "/api/v1/namespaces/default/pods");
    equal(status, 200, stderr);
    ok(JSON.parse(text).items.some(({ metadata }: Loose) => metadata.name === "client"));
    for (const path of ["/api/v1/pods", "/api/v1/namespaces/default/secrets", "/api/v1/nodes", "/metrics"]) {
      equal((await fromPod(node, "client", path)).status, 403, path);
    }
    equal(await node.output("client", `cat ${tokenDir}/namespace`), "default");
    const ca = await node.output("client", `cat ${tokenDir}/ca.crt`);
    equal(ca, Deno.readTextFileSync(join(node.rootDir, "pki/ca.crt")).trim());
  },
);

nodeTest("an account that does not want it gives pods of manifests no token, but to those who ask for it", [
  { ...account("shy"), automountServiceAccountToken: false },
  pod("shy", container("main", "sleep 1000"), { serviceAccountName: "shy" }),
  pod("asks", container("main", "sleep 1000"), { serviceAccountName: "shy", automountServiceAccountToken: true }),
], async (node) => {
  await node.ready("shy");
  await node.ready("asks");
  equal(await node.output("shy", `test -e ${tokenDir} || echo none`), "none");
  equal(await node.output("asks", `test -s ${tokenDir}/token && echo some`), "some");
});

nodeTest("a token in a pod ends with the pod, and with its account", [
  account("mortal"),
  pod("mortal", container("main", "sleep 1000"), { serviceAccountName: "mortal" }),
], async (node) => {
  await kubeconfigs(node);
  const { metadata: { uid } } = await node.ready("mortal");
  const file = join(node.rootDir, "pods", uid!, "volumes/kubernetes.io~projected/kube-api-access/token");
  const { stdout: token } = await node.inside("cat", file);
  equal((await curl(node, "/api", { token })).status, 200);
  const claims = JSON.parse(atob(token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/")));
  equal(claims["kubernetes.io"].pod.uid, uid);
  equal(claims["kubernetes.io"].serviceaccount.name, "mortal");
  node.remove("mortal.yaml");
  await node.gone("mortal");
  equal((await curl(node, "/api", { token })).status, 401);
});

nodeTest(
  "a projected token has the audience that was asked for, and is for nobody else",
  pod("audience", {
    ...container("main", "sleep 1000"),
    volumeMounts: [{ name: "token", mountPath: "/token" }],
  }, {
    volumes: [{
      name: "token",
      projected: { sources: [{ serviceAccountToken: { path: "vault", audience: "vault", expirationSeconds: 600 } }] },
    }],
  }),
  async (node) => {
    const { token: kubeconfig } = await kubeconfigs(node);
    await node.ready("audience");
    const token = await node.output("audience", "cat /token/vault");
    equal((await curl(node, "/api", { token })).status, 401);
    const run = await kubectl(node, kubeconfig);
    const review = async (audiences: string[]) => {
      const file = join(node.dir, "review.json");
      const spec = { token, audiences };
      Deno.writeTextFileSync(file, manifest({ apiVersion: "authentication.k8s.io/v1", kind: "TokenReview", spec }));
      const { stdout, stderr } = await run("create", "-o", "json", "-f", file);
      return JSON.parse(stdout || stderr).status;
    };
    const good = await review(["vault", "other"]);
    deepEqual([good.authenticated, good.audiences], [true, ["vault"]]);
    equal(good.user.username, "system:serviceaccount:default:default");
    equal((await review(["other"])).authenticated ?? false, false);
  },
);

nodeTest("kubectl create token gives out tokens within bounds", {}, async (node) => {
  const { token: kubeconfig } = await kubeconfigs(node);
  const run = await kubectl(node, kubeconfig);
  equal((await run("create", "serviceaccount", "robot")).code, 0);
  const token = (await run("create", "token", "robot", "--duration=10m")).stdout.trim();
  equal((await curl(node, "/api", { token })).status, 200);
  match(
    (await run("create", "token", "robot", "--duration=9m")).stderr,
    /may not specify a duration less than 10 minutes/,
  );
  match((await run("create", "token", "nobody")).stderr, /serviceaccounts "nobody" not found/);
  equal((await run("delete", "serviceaccount", "robot")).code, 0);
  equal((await curl(node, "/api", { token })).status, 401);
  equal((await run("create", "serviceaccount", "robot")).code, 0);
  equal((await curl(node, "/api", { token })).status, 401, "another account of that name");
});

nodeTest("roles grant, refuse in Kubernetes' words, and cannot be used to gain more", {}, async (node) => {
  const { token: kubeconfig } = await kubeconfigs(node);
  const admin = await kubectl(node, kubeconfig);
  const as = "--as=jane";
  match(
    (await admin("get", "pods", as)).stderr,
    /pods is forbidden: User "jane" cannot list resource "pods" in API group "" in the namespace "default"/,
  );
  equal((await admin("auth", "can-i", "list", "pods", as)).stdout.trim(), "no");
  equal((await admin("create", "rolebinding", "jane", "--clusterrole=edit", "--user=jane")).code, 0);
  equal((await admin("auth", "can-i", "list", "pods", as)).stdout.trim(), "yes");
  equal((await admin("get", "pods", as)).code, 0);
  match((await admin("get", "pods", "-A", as)).stderr, /at the cluster scope/);
  match((await admin("create", "role", "up", "--verb=*", "--resource=*", as)).stderr, /cannot create resource "roles"/);
  equal((await admin("create", "rolebinding", "jane-admin", "--clusterrole=admin", "--user=jane")).code, 0);
  match(
    (await admin("create", "rolebinding", "up", "--clusterrole=cluster-admin", "--user=jane", as)).stderr,
    /is attempting to grant RBAC permissions not currently held/,
  );
  equal((await admin("create", "rolebinding", "ok", "--clusterrole=view", "--user=joe", as)).code, 0);
  match((await admin("auth", "can-i", "--list", as)).stdout, /pods\/exec/);
});

nodeTest("a role that is labelled for it adds its rules to the role that aggregates", {}, async (node) => {
  const { token: kubeconfig } = await kubeconfigs(node);
  const admin = await kubectl(node, kubeconfig);
  const may = async () => (await admin("auth", "can-i", "get", "leases", "-A", "--as=jim")).stdout.trim();
  equal((await admin("create", "clusterrolebinding", "jim", "--clusterrole=view", "--user=jim")).code, 0);
  equal(await may(), "no");
  equal((await admin("create", "clusterrole", "see-leases", "--verb=get", "--resource=leases")).code, 0);
  const label = "rbac.authorization.k8s.io/aggregate-to-view";
  equal((await admin("label", "clusterrole", "see-leases", `${label}=true`)).code, 0);
  await node.until("the viewer may", async () => await may() === "yes");
  equal((await admin("delete", "clusterrole", "see-leases")).code, 0);
  await node.until("the viewer may not", async () => await may() === "no");
});

/** What the monitoring example's own command takes out of a kubeconfig. */
async function scrapeToken(node: TestNode, kubeconfig: string): Promise<string> {
  const page = Deno.readTextFileSync(new URL("../../examples/monitoring/README.md", import.meta.url));
  const command = /^ +(sed .*) > token\b/m.exec(page)![1];
  const dir = join(node.dir, "scrape");
  Deno.mkdirSync(dir);
  Deno.writeTextFileSync(join(dir, "viewer.kubeconfig"), kubeconfig);
  const { stdout } = await new Deno.Command("sh", { args: ["-c", command], cwd: dir }).output();
  return new TextDecoder().decode(stdout).trim();
}

nodeTest("a viewer's kubeconfig shows all but Secrets, changes nothing, and can be taken back", {}, async (node) => {
  await kubeconfigs(node);
  const file = join(node.dir, "viewer.kubeconfig");
  const made = await node.cli("kubeconfig", "--viewer", "--name", "eve", "--expires", "1h");
  equal(made.code, 0, made.stderr);
  Deno.writeTextFileSync(file, made.stdout, { mode: 0o600 });
  const eve = await kubectl(node, file);
  for (const what of ["pods", "nodes", "events", "clusterroles"]) equal((await eve("get", what, "-A")).code, 0, what);
  match((await eve("get", "secrets")).stderr, /User "eve" cannot list resource "secrets"/);
  match((await eve("delete", "pods", "--all", "-A")).stderr, /User "eve" cannot/);
  match((await node.cli("kubeconfig", "--list")).stdout, /^eve\tislet:viewers\t\d{4}-/m);
  equal(await scrapeToken(node, made.stdout), parse(made.stdout).users[0].user.token);
  ok(!Deno.readTextFileSync(join(node.rootDir, "pki/tokens.json")).includes(parse(made.stdout).users[0].user.token));
  equal((await node.cli("kubeconfig", "--revoke", "eve")).code, 0);
  match((await eve("get", "pods")).stderr, /Unauthorized|must be logged in/);
  equal((await node.cli("kubeconfig", "--revoke", "eve")).code, 1);
});

nodeTest("an address that the node gets is in the certificate, without a restart", {}, async (node) => {
  await kubeconfigs(node);
  const pid = node.isletPid;
  const address = "192.0.2.77";
  const named = async () =>
    (await curl(node, "/healthz", { host: address, args: ["--connect-to", `${address}:6550:127.0.0.1:6550`] })).status;
  notEqual(await named(), 200);
  // another mask, or it would be the other's companion and go with it
  await node.inside("ip", "address", "add", `${address}/25`, "dev", "eth0");
  await node.inside("ip", "address", "del", "192.0.2.1/24", "dev", "eth0");
  await node.inside("ip", "route", "add", "default", "via", "192.0.2.254");
  await node.until("the certificate names it", async () => await named() === 200, { everyMs: 1000 });
  equal(node.isletPid, pid);
});

nodeTest("pods may have port 443 of the node, and the API keeps that of its Service", {}, async (node) => {
  await kubeconfigs(node);
  const web = container("main", "mkdir /www && echo mine > /www/index.html && httpd -f -p 443 -h /www");
  const { stdout } = await node.inside("ip", "-json", "-4", "address", "show", "dev", "eth0");
  const [{ local }] = JSON.parse(stdout)[0].addr_info;
  const shares: [name: string, spec: object, more: object][] = [
    ["by-port", {}, { ports: [{ containerPort: 443, hostPort: 443 }] }],
    ["by-network", { hostNetwork: true }, {}],
  ];
  for (const [name, spec, more] of shares) {
    node.write(`${name}.yaml`, manifest(pod(name, { ...web, ...more }, spec)));
    await node.ready(name);
    await node.until(
      `${name} answers on the node's port`,
      async () =>
        (await node.inside("curl", "--silent", "--max-time", "5", `http://${local}:443/`)).stdout === "mine\n",
    );
    equal((await curl(node, "/healthz", { host: "10.96.0.1", port: 443 })).text, "ok", name);
    equal((await fromPod(node, "client", "/api")).status, 200, name);
    node.remove(`${name}.yaml`);
    await node.gone(name);
  }
});

nodeTest("keys outlive islet; what is damaged is mended, and that is said", {}, async (node) => {
  const { token } = await kubeconfigs(node);
  const read = (name: string) => Deno.readTextFileSync(join(node.rootDir, name));
  const [ca, kubeconfig] = [read("pki/ca.crt"), read("admin.kubeconfig")];
  Deno.writeTextFileSync(join(node.rootDir, "pki/serving.pem"), "junk");
  Deno.removeSync(join(node.rootDir, "admin-cert.kubeconfig"));
  await node.kill9();
  await node.startIslet();
  await kubeconfigs(node);
  equal(read("pki/ca.crt"), ca);
  equal(read("admin.kubeconfig"), kubeconfig);
  match(node.log(), /The serving certificate is replaced .*damaged/);
  equal((await (await kubectl(node, token))("get", "pods")).code, 0);
});

nodeTest("slow and broken clients are let go, and others are served", {}, async (node) => {
  await kubeconfigs(node);
  const script = `
    const dial = () => Deno.connect({ hostname: "127.0.0.1", port: 6550 });
    const silent = await Promise.all(Array.from({ length: 50 }, dial));
    for (const text of ["GET / HTTP/1.1\\r\\n\\r\\n", "\\x16\\x03\\x01\\xff\\xff", "\\0".repeat(1000)]) {
      const connection = await dial();
      await connection.write(new TextEncoder().encode(text));
      const buffer = new Uint8Array(1024);
      while (await connection.read(buffer).catch(() => null) !== null);
      connection.close();
    }
    for (const connection of silent) connection.close();
  `;
  const file = join(node.dir, "clients.ts");
  Deno.writeTextFileSync(file, script);
  const { code, stderr } = await node.inside(Deno.execPath(), "run", "--allow-net", "--quiet", "--no-config", file);
  equal(code, 0, stderr);
  equal((await curl(node, "/healthz")).status, 200);
  await sleep(100);
  ok(!/API failed|connection of the API failed/.test(node.log()), "no complaint in the log");
});
