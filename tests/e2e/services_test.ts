/** Services on a lone node, offline: pods, the node and a machine outside reach them by address, by name and by port of the node. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { nodeFile } from "../support/node_file.ts";
import { container, pod } from "../support/pods.ts";
import type { TestNode } from "../support/node.ts";

const { nodeTest } = nodeFile();

/** A web server that answers with its pod's name, and a client that stays. */
const server = (name: string, labels: Record<string, string>, more: Record<string, unknown> = {}) => ({
  ...pod(name, `mkdir /www && echo ${name} >/www/index.html && exec httpd -f -p 8080 -h /www`),
  metadata: { name, labels },
  ...more,
});
const service = (name: string, spec: Record<string, unknown>, more: Record<string, unknown> = {}) => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name, ...more },
  spec,
});
void container;

const ask = (node: TestNode, from: string, url: string) =>
  node.exec(from, `timeout 5 wget -q -O - ${url} 2>&1`).then(({ stdout }) => stdout.trim());

nodeTest("two pods talk through a Service by name", [
  server("backend", { app: "backend" }),
  pod("client", "sleep 3600"),
  service("backend", {
    clusterIP: "10.96.0.77",
    selector: { app: "backend" },
    ports: [{ port: 80, targetPort: 8080 }],
  }),
], async (node) => {
  await node.ready("backend");
  await node.ready("client");
  await node.until("the Service answers", async () => await ask(node, "client", "http://backend/") === "backend");
  for (const name of ["backend.default", "backend.default.svc", "backend.default.svc.cluster.local"]) {
    equal(await ask(node, "client", `http://${name}/`), "backend", name);
  }
  const conf = await node.output("client", "cat /etc/resolv.conf");
  match(conf, /^nameserver 10\.96\.0\.10$/m);
  match(conf, /^search default\.svc\.cluster\.local svc\.cluster\.local cluster\.local/m);
  match(conf, /^options ndots:5$/m);
});
void deepEqual;
void ok;
