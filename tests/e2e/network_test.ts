/** Pods' network: addresses, reachability, host ports. */
import { equal, match, notEqual, ok } from "node:assert/strict";
import { nodeFile } from "../support/node_file.ts";
import { container, isReady, manifest, pod } from "../support/pods.ts";

const { nodeTest } = nodeFile({ flags: ["--pod-cidr", "10.99.7.0/24"] });

const web = (name: string, port = 8080) =>
  container("main", `mkdir /www; echo ${name} > /www/index.html; exec httpd -f -p ${port} -h /www`, {
    readinessProbe: { tcpSocket: { port }, periodSeconds: 1 },
  });
/** A page by netcat: the static busybox cannot look up names, and its wget tries to. */
const get = (host: string, port: number) =>
  `printf 'GET / HTTP/1.0\\r\\n\\r\\n' | busybox nc -w 5 ${host} ${port} | tail -n 1`;

nodeTest(
  "pods have addresses of the node's range, reach each other and are reached from the node",
  [pod("server", web("server")), pod("client")],
  async (node) => {
    const server = await node.ready("server"), client = await node.ready("client");
    match(server.status?.podIP ?? "", /^10\.99\.7\.\d+$/);
    notEqual(server.status?.podIP, client.status?.podIP);
    const ask = get(server.status!.podIP!, 8080);
    equal(await node.output(client, ask), "server");
    equal((await node.inside("sh", "-c", ask)).stdout.trim(), "server");
  },
);

nodeTest(
  "containers of a pod share its network",
  pod("together", [web("together"), container("side")]),
  async (node) => {
    equal(await node.output(await node.ready("together"), get("127.0.0.1", 8080), "side"), "together");
  },
);

nodeTest(
  "a hostPort leads to the pod from outside, and is free again when the pod is gone",
  pod("port", { ...web("port"), ports: [{ containerPort: 8080, hostPort: 18080 }] }),
  async (node) => {
    await node.ready("port");
    const ask = () => node.inside("sh", "-c", get("192.0.2.1", 18080));
    equal((await ask()).stdout.trim(), "port");
    node.remove("port.yaml");
    await node.gone("port");
    equal((await ask()).stdout, "");
    node.write(
      "port.yaml",
      manifest(pod("port", { ...web("again"), ports: [{ containerPort: 8080, hostPort: 18080 }] })),
    );
    await node.ready("port");
    equal((await ask()).stdout.trim(), "again");
  },
);

nodeTest(
  "two pods with the same hostPort: the second is turned away, and runs when the first is gone",
  [],
  async (node) => {
    const taking = (name: string) =>
      manifest(pod(name, { ...web(name), ports: [{ containerPort: 8080, hostPort: 18081 }] }));
    node.write("taker-a.yaml", taking("taker-a"));
    await node.ready("taker-a");
    node.write("taker-b.yaml", taking("taker-b"));
    await node.podUntil("taker-b", "is turned away", (pod) => pod.status?.phase === "Failed");
    ok(isReady((await node.pod("taker-a"))!));
    node.remove("taker-a.yaml");
    await node.ready("taker-b");
  },
);

nodeTest(
  "a pod's traffic to the outside carries the node's address, between pods its own",
  pod("looker", web("looker")),
  async (node) => {
    const looker = await node.ready("looker");
    const { stdout } = await node.inside("nft", "list", "table", "ip", "islet-cni");
    match(stdout, /ip saddr 10\.99\.7\.0\/24 ip daddr 10\.99\.7\.0\/24 return/);
    match(stdout, /ip saddr 10\.99\.7\.0\/24 masquerade/);
    ok(looker.status?.podIP);
  },
);
