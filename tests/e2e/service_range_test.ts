/** The node starts again with another service range: what Services had stays, what is the cluster's own moves. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import type { Service } from "../../agent/objects/mod.ts";
import { nodeAddress } from "../support/namespaces.ts";
import { nodeFile } from "../support/node_file.ts";
import type { TestNode } from "../support/node.ts";
import { pod } from "../support/pods.ts";

const { nodeTest } = nodeFile({ flags: ["--nodeport-addresses", "primary"] });

const serviceOf = async (node: TestNode, name: string, namespace = "default"): Promise<Service> =>
  await (await node.api(`/api/v1/namespaces/${namespace}/services/${name}`)).json();

async function create(node: TestNode, path: string, object: unknown): Promise<void> {
  const answer = await node.api(`/api/v1/namespaces/default/${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(object),
  });
  ok(answer.ok, await answer.text());
}

const web = { selector: { app: "kept" }, ports: [{ port: 80, targetPort: 8080 }] };
const service = (name: string, spec: object) => ({ apiVersion: "v1", kind: "Service", metadata: { name }, spec });

/** Destinations of the routes that the proxy has given the node. */
async function routes(node: TestNode): Promise<string[]> {
  const { stdout } = await node.inside("ip", "-4", "route", "show", "proto", "142");
  return stdout.trim().split("\n").map((line) => line.split(" ")[0]).sort();
}

nodeTest("after a change of the service range Services keep their addresses and are told of; DNS and the API move", [
  {
    ...pod("kept", "mkdir /www && echo kept >/www/index.html && exec httpd -f -p 8080 -h /www"),
    metadata: { name: "kept", labels: { app: "kept" } },
  },
  pod("asking"),
  service("kept", web),
], async (node) => {
  await node.ready("kept");
  await node.ready("asking");
  const before = await serviceOf(node, "kept"), old = before.spec.clusterIP!;
  match(old, /^10\.96\./);
  await create(node, "services", service("by-api", web));
  const byApi = (await serviceOf(node, "by-api")).spec.clusterIP!;
  deepEqual(await routes(node), ["10.96.0.0/16"]);
  await node.inside("ip", "route", "delete", "default");

  await node.restart(["--service-cidr", "10.97.0.0/24"]);

  // the addresses stay, and are reached from a pod and from the node, which has no route to anywhere
  deepEqual((await serviceOf(node, "kept")).spec, before.spec);
  for (const address of [old, byApi]) {
    const url = `http://${address}/`;
    await node.until(`the node is answered at ${url}`, async () => {
      const { stdout } = await node.inside("curl", "--silent", "--max-time", "5", url);
      return stdout.trim() === "kept";
    });
    equal((await node.exec("asking", `timeout 5 wget -q -O - ${url}`)).stdout.trim(), "kept");
  }
  const exposed = (await serviceOf(node, "exposed")).spec.clusterIP!;
  deepEqual(await routes(node), ["10.97.0.0/24", old, byApi, exposed].sort());

  // they are told of
  const { items } = await (await node.api("/api/v1/namespaces/default/events")).json();
  const told = items.filter(({ reason }: { reason: string }) => reason === "ClusterIPOutOfRange");
  deepEqual(told.map(({ involvedObject: { name } }: { involvedObject: { name: string } }) => name).sort(), [
    "by-api",
    "exposed",
    "kept",
  ]);
  ok(
    told.some(({ message }: { message: string }) =>
      message === `Cluster IP [IPv4]: ${old} is not within any configured Service CIDR; please recreate service`
    ),
  );
  match(node.log(), /keeps a cluster IP that it would not be given now.*default\/kept/);

  // what does not ask for another address may be changed
  const patched = await node.api("/api/v1/namespaces/default/services/by-api", {
    method: "PATCH",
    headers: { "content-type": "application/merge-patch+json" },
    body: JSON.stringify({ metadata: { labels: { a: "b" } } }),
  });
  equal((await patched.json()).spec.clusterIP, byApi);
  // one that is made anew is of the new range
  await (await node.api("/api/v1/namespaces/default/services/by-api", { method: "DELETE" })).body?.cancel();
  await create(node, "services", service("by-api", web));
  match((await serviceOf(node, "by-api")).spec.clusterIP!, /^10\.97\.0\./);

  // the cluster's own
  await node.until(
    "the API's Service has moved",
    async () => (await serviceOf(node, "kubernetes")).spec.clusterIP === "10.97.0.1",
  );
  deepEqual((await serviceOf(node, "kube-dns", "kube-system")).spec.clusterIPs, ["10.97.0.10"]);
  const ca = ["--cacert", `${node.rootDir}/pki/ca.crt`];
  await node.until("the API answers there, by a certificate that names the address", async () => {
    const { stdout } = await node.inside("curl", "--silent", "--max-time", "5", ...ca, "https://10.97.0.1/healthz");
    return stdout === "ok";
  });
  const fresh = pod("fresh");
  await create(node, "pods", fresh);
  await node.ready("fresh");
  equal((await node.output("fresh", "echo $KUBERNETES_SERVICE_HOST")).trim(), "10.97.0.1");
  match(await node.output("fresh", "cat /etc/resolv.conf"), /^nameserver 10\.97\.0\.10$/m);
  const found = await node.exec("fresh", "nslookup kubernetes.default.svc.cluster.local");
  match(found.stdout, /^Address: 10\.97\.0\.1$/m);
  equal((await node.exec("fresh", "timeout 5 wget -q -O - http://kept/")).stdout.trim(), "kept");

  await node.restart();
  deepEqual((await serviceOf(node, "kept")).spec, before.spec);
  const back = (await serviceOf(node, "by-api")).spec.clusterIP!;
  await node.until(
    "the routes are as they were",
    async () => JSON.stringify(await routes(node)) === JSON.stringify(["10.96.0.0/16", back]),
  );
});

nodeTest("node ports answer on the node's primary address alone, and on the next when it changes", [
  service("exposed", { ...web, type: "NodePort", ports: [{ port: 80, targetPort: 8080, nodePort: 30091 }] }),
], async (node) => {
  await node.ready("kept");
  const code = async (address: string) =>
    (await node.inside("curl", "--silent", "--max-time", "5", `http://${address}:30091/`)).code;
  await node.inside("ip", "link", "add", "lan0", "type", "veth", "peer", "name", "lan1");
  for (const link of ["lan0", "lan1"]) await node.inside("ip", "link", "set", link, "up");
  const next = "198.51.100.7";
  await node.inside("ip", "address", "add", `${next}/24`, "dev", "lan0");
  await node.until("the primary address answers", async () => await code(nodeAddress) === 0);
  const refused = 7;
  for (const other of ["127.0.0.1", next]) equal(await code(other), refused, other);
  // the way out of the node is another now
  await node.inside("ip", "route", "replace", "default", "via", "198.51.100.254");
  await node.until("the next address answers", async () => await code(next) === 0);
  equal(await code(nodeAddress), refused);
  await node.inside("ip", "link", "delete", "lan0");
});
