/** Services on a lone node with no route to anywhere: reached by pods, by the node and by a machine outside. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { nodeFile } from "../support/node_file.ts";
import { nodeAddress } from "../support/namespaces.ts";
import type { TestNode } from "../support/node.ts";
import { container, pod } from "../support/pods.ts";

const { nodeTest } = nodeFile({
  flags: ["--proxy-nftables-sync-period", "1s", "--node-labels", "topology.kubernetes.io/zone=cellar"],
});

/** A web server on port 8080 that answers with its pod's name. */
const server = (name: string, app: string, more: Record<string, unknown> = {}) => ({
  ...pod(name, `mkdir /www && echo ${name} >/www/index.html && exec httpd -f -p 8080 -h /www`, more),
  metadata: { name, labels: { app } },
});
const service = (name: string, spec: Record<string, unknown>, metadata: Record<string, unknown> = {}) => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name, ...metadata },
  spec: { selector: { app: name }, ports: [{ port: 80, targetPort: 8080 }], ...spec },
});

/** What a pod is answered; "" when nothing comes of it. */
async function ask(node: TestNode, from: string, url: string): Promise<string> {
  const { stdout } = await node.exec(from, `timeout 5 wget -q -O - ${url} 2>/dev/null`);
  return stdout.trim();
}

/** What the node is answered. */
async function askHere(node: TestNode, url: string): Promise<string> {
  const { stdout } = await node.inside("curl", "--silent", "--max-time", "5", url);
  return stdout.trim();
}

/** Waits until the last change is in force. */
const answers = (node: TestNode, from: string, url: string, wanted: string) =>
  node.until(`${from} hears ${wanted} from ${url}`, async () => await ask(node, from, url) === wanted);

nodeTest("two pods talk through a Service by name", [
  server("backend", "backend"),
  pod("client", "sleep 3600"),
  service("backend", {}),
], async (node) => {
  await node.ready("backend");
  await node.ready("client");
  await answers(node, "client", "http://backend/", "backend");
  for (const name of ["backend.default", "backend.default.svc", "backend.default.svc.cluster.local"]) {
    equal(await ask(node, "client", `http://${name}/`), "backend", name);
  }
  const conf = await node.output("client", "cat /etc/resolv.conf");
  match(conf, /^nameserver 10\.96\.0\.10$/m);
  match(conf, /^search default\.svc\.cluster\.local svc\.cluster\.local cluster\.local/m);
  match(conf, /^options ndots:5$/m);
});

nodeTest(
  "a pod reaches itself through its Service",
  [server("narcissus", "pool"), service("pool", {})],
  async (node) => {
    await node.ready("narcissus");
    await answers(node, "narcissus", "http://pool/", "narcissus");
  },
);

nodeTest("a node port answers the node on its addresses and a machine outside, whose own address the pod sees", [
  {
    ...pod("exposed", "mkdir /www && echo exposed >/www/index.html && exec httpd -f -v -p 8080 -h /www"),
    metadata: { name: "exposed", labels: { app: "exposed" } },
  },
  service("exposed", { type: "NodePort", ports: [{ port: 80, targetPort: 8080, nodePort: 30081 }] }),
], async (node) => {
  const exposed = await node.ready("exposed");
  await node.until("the node port answers", async () => await askHere(node, "http://127.0.0.1:30081/") === "exposed");
  equal(await askHere(node, `http://${nodeAddress}:30081/`), "exposed");
  await node.namespaces.withMachine(async ({ address, nodeAddress, run }) => {
    const { stdout } = await run("curl", "--silent", "--max-time", "5", `http://${nodeAddress}:30081/`);
    equal(stdout.trim(), "exposed");
    await node.until("the pod has seen it", () => node.logs(exposed).includes(address));
    // the cluster's own addresses are for the node and its pods, whatever routes a neighbour has
    await run("ip", "route", "add", "10.96.0.0/16", "via", nodeAddress);
    for (const url of ["https://10.96.0.1/healthz", "https://10.96.0.1:6550/healthz", "http://10.96.0.10:53/"]) {
      const refused = await run("curl", "--silent", "--insecure", "--max-time", "1", url);
      equal(refused.code, 28, `${url}: ${refused.stdout}`);
    }
  });
});

nodeTest("headless Services have the addresses of their pods, and the names of those with a hostname", [
  server("db-0", "db", { hostname: "db-0", subdomain: "db" }),
  server("db-1", "db", { hostname: "db-1", subdomain: "db" }),
  service("db", { clusterIP: "None" }),
  pod("asking", "sleep 3600"),
], async (node) => {
  const pods = [await node.ready("db-0"), await node.ready("db-1")];
  await node.ready("asking");
  const ips = pods.map(({ status }) => status!.podIP!).sort();
  const found = async (name: string) => {
    const { stdout } = await node.exec("asking", `nslookup ${name}db.default.svc.cluster.local`);
    return [...stdout.matchAll(/^Address: (10\.244\.\S+)$/gm)].map(([, ip]) => ip).sort();
  };
  await node.until("both are told", async () => (await found("")).length === 2);
  deepEqual(await found(""), ips);
  deepEqual(await found("db-1."), [pods[1].status!.podIP]);
  equal(await ask(node, "asking", "http://db-0.db:8080/"), "db-0");
});

nodeTest("an ExternalName is another name; names that are nobody's end at once, with no name server in reach", [
  service("alias", { type: "ExternalName", externalName: "named.default.svc.cluster.local", selector: undefined }),
  server("named", "named"),
  service("named", {}),
  pod("resolving", "sleep 3600"),
], async (node) => {
  await node.ready("named");
  await node.ready("resolving");
  const { stdout } = await node.exec("resolving", "nslookup alias.default.svc.cluster.local");
  match(stdout, /canonical name = named\.default\.svc\.cluster\.local/);
  const began = performance.now();
  const missing = await node.exec("resolving", "nslookup nobody.default.svc.cluster.local");
  match(missing.stdout + missing.stderr, /NXDOMAIN/);
  const kubernetes = await node.exec("resolving", "nslookup kubernetes.default.svc.cluster.local");
  match(kubernetes.stdout, /^Address: 10\.96\.0\.1$/m);
  ok(performance.now() - began < 30_000);
});

nodeTest("a Service without endpoints refuses, one whose pod is not ready too, and the node answers again when it is", [
  service("empty", {}),
  server("unready", "unready", {}),
  service("unready", {}),
  pod("trying", "sleep 3600"),
], async (node) => {
  await node.ready("trying");
  await node.ready("unready");
  await answers(node, "trying", "http://unready/", "unready");
  const refused = await node.exec("trying", "nc -w 5 empty 80 </dev/null");
  match(refused.stderr, /refused/);
});

nodeTest("hints of slices keep clients in their zone and on their node, as long as every endpoint has some", [
  server("cellar-server", "cellar-server"),
  server("roof-server", "roof-server"),
  service("spread", { selector: undefined, trafficDistribution: "PreferSameZone" }),
  service("same-node", { selector: { app: "roof-server" }, trafficDistribution: "PreferSameNode" }),
], async (node) => {
  const [cellar, roof] = [await node.ready("cellar-server"), await node.ready("roof-server")];
  const slices = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices";
  const write = async (hints: (object | undefined)[]) => {
    const slice = {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: { name: "spread-by-hand", labels: { "kubernetes.io/service-name": "spread" } },
      addressType: "IPv4",
      endpoints: [cellar, roof].map(({ status }, at) => ({ addresses: [status!.podIP], hints: hints[at] })),
      ports: [{ port: 8080 }],
    };
    const answer = await node.api(`${slices}/spread-by-hand?fieldManager=test&force=true`, {
      method: "PATCH",
      headers: { "content-type": "application/apply-patch+yaml" },
      body: JSON.stringify(slice),
    });
    ok(answer.ok, await answer.text());
  };
  const both = "cellar-server roof-server";
  /** Waits until just these answer 40 times in a row, or each at least once. */
  const answered = async (wanted: string) => {
    let last = "";
    await node.until(`spread is answered by ${wanted}`, async () => {
      const forty = "for i in $(seq 40); do timeout 1 wget -q -O - http://spread/ || echo nobody; done | sort -u";
      last = (await node.output("client", forty)).trim().replaceAll("\n", " ");
      return last === wanted;
    }, { tell: () => `--- the last were ${last}` });
  };
  const zone = (name: string) => ({ forZones: [{ name }] }), nodes = (name: string) => ({ forNodes: [{ name }] });
  await write([undefined, undefined]);
  await answered(both);
  await write([zone("cellar"), zone("roof")]);
  await answered("cellar-server");
  await write([zone("cellar"), undefined]);
  await answered(both);
  await write([{ ...zone("cellar"), ...nodes("another") }, { ...zone("roof"), ...nodes(node.name) }]);
  await answered("roof-server");
  await write([{ ...zone("cellar"), ...nodes("another") }, { ...zone("roof"), ...nodes("third") }]);
  await answered("cellar-server");
  await write([zone("roof"), zone("attic")]);
  await answered(both);

  const selector = encodeURIComponent("kubernetes.io/service-name=same-node");
  const { items: [own] } = await (await node.api(`${slices}?labelSelector=${selector}`)).json();
  deepEqual(own.endpoints[0].hints, { ...zone("cellar"), ...nodes(node.name) });
});

nodeTest("connections live through a restart and a kill of islet, and new ones are made while it is down", [
  server("steady", "steady"),
  pod("holding", "mkfifo /pipe; sleep 3600"),
  {
    ...pod("echo", "exec nc -ll -p 9000 -e cat"),
    metadata: { name: "echo", labels: { app: "echo" } },
  },
  service("echo", { ports: [{ port: 9000 }] }),
  service("steady", {}),
], async (node) => {
  for (const name of ["steady", "holding", "echo"]) await node.ready(name);
  await answers(node, "holding", "http://steady/", "steady");
  const answer = await node.api("/api/v1/namespaces/default/services/steady");
  const address = (await answer.json()).spec.clusterIP;
  // one connection that is held open by a pipe, and asked now and then
  await node.exec("holding", "(sleep 600 >/pipe & nc echo 9000 </pipe >/said 2>&1 &) >/dev/null 2>&1; echo one >/pipe");
  const said = () => node.exec("holding", "cat /said").then(({ stdout }) => stdout.trim().split("\n"));
  await node.until("the connection answers", async () => (await said()).includes("one"));
  await node.kill9();
  equal(await askHere(node, `http://${address}/`), "steady");
  await node.startIslet();
  await node.exec("holding", "echo two >/pipe");
  await node.until("the connection goes on", async () => (await said()).includes("two"));
  await answers(node, "holding", "http://steady/", "steady");
  await node.restart();
  await node.exec("holding", "echo three >/pipe");
  await node.until("the connection goes on", async () => (await said()).includes("three"));
  deepEqual(await said(), ["one", "two", "three"]);
});

const hostedPod = pod(
  "hosted",
  container("main", "echo hosted > /tmp/index.html; exec httpd -f -p 80 -h /tmp", {
    ports: [{ containerPort: 80, hostPort: 8088 }],
  }),
);

nodeTest(
  "rules that somebody flushes are back soon, those of the pod network, of the API and of host ports too",
  hostedPod,
  async (node) => {
    const tables = async () => (await node.inside("nft", "list", "tables")).stdout.match(/islet-\w+/g)?.sort() ?? [];
    const before = await tables();
    deepEqual(before, ["islet-cni", "islet-own", "islet-proxy"]);
    await node.ready("hosted");
    const hosted = () => askHere(node, "http://127.0.0.1:8088/");
    await node.until("the host port answers", async () => await hosted() === "hosted");
    await node.inside("nft", "flush", "ruleset");
    await node.until("the rules are back", async () => (await tables()).length === 3);
    await node.until("a Service answers", async () => await ask(node, "client", "http://backend/") === "backend");
    const { stdout } = await node.exec("client", "nslookup backend.default.svc.cluster.local");
    match(stdout, /^Address: 10\.96\./m);
    await node.until("the host port answers again", async () => await hosted() === "hosted");
  },
);

nodeTest("rules that somebody flushes while islet is down are back when it starts", hostedPod, async (node) => {
  await node.ready("hosted");
  const hosted = () => askHere(node, "http://127.0.0.1:8088/");
  await node.until("the host port answers", async () => await hosted() === "hosted");
  await node.kill9();
  await node.inside("nft", "flush", "ruleset");
  equal(await hosted(), "");
  await node.startIslet();
  await node.until("the host port answers again", async () => await hosted() === "hosted");
  await node.until("a Service answers", async () => await ask(node, "client", "http://backend/") === "backend");
});
