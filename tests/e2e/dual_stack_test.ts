/** Both address families: pods, Services and DNS have IPv4 and IPv6. */
import { deepEqual, equal, match } from "node:assert/strict";
import { nodeFile } from "../support/node_file.ts";
import { pod } from "../support/pods.ts";

const { nodeTest } = nodeFile({
  flags: ["--pod-cidr", "10.244.0.0/24,fd00:244::/64", "--service-cidr", "10.96.0.0/16,fd00:96::/112"],
});

nodeTest("a Service of both families is reached by each, from pods and from the node, by address and by name", [
  {
    ...pod("both", "mkdir /www && echo both >/www/index.html && exec httpd -f -p '[::]:8080' -h /www"),
    metadata: { name: "both", labels: { app: "both" } },
  },
  pod("asking"),
  {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "dual" },
    spec: {
      selector: { app: "both" },
      type: "NodePort",
      ipFamilyPolicy: "RequireDualStack",
      ports: [{ port: 80, targetPort: 8080, nodePort: 30082 }],
    },
  },
], async (node) => {
  const both = await node.ready("both");
  await node.ready("asking");
  deepEqual(both.status!.podIPs!.map(({ ip }) => ip.includes(":") ? "IPv6" : "IPv4"), ["IPv4", "IPv6"]);
  const answer = await node.api("/api/v1/namespaces/default/services/dual");
  const { clusterIPs } = (await answer.json()).spec;
  deepEqual(clusterIPs.map((ip: string) => ip.split(/[.:]/)[0]), ["10", "fd00"]);
  const [v4, v6] = clusterIPs as [string, string];
  for (const url of [`http://${v4}/`, `http://[${v6}]/`]) {
    await node.until(`the node is answered at ${url}`, async () => {
      const { stdout } = await node.inside("curl", "--silent", "--max-time", "5", url);
      return stdout.trim() === "both";
    });
    equal((await node.exec("asking", `timeout 5 wget -q -O - '${url}'`)).stdout.trim(), "both", url);
    // and the pod itself
    equal((await node.exec("both", `timeout 5 wget -q -O - '${url}'`)).stdout.trim(), "both", url);
  }
  const { stdout } = await node.exec("asking", "nslookup dual.default.svc.cluster.local");
  deepEqual(
    [...stdout.matchAll(/^Address: (\S+)$/gm)].map(([, address]) => address).sort(),
    [v4, v6].sort(),
  );
  const conf = await node.output("asking", "cat /etc/resolv.conf");
  match(conf, /^nameserver 10\.96\.0\.10\nnameserver fd00:96::a$/m);
  const overV6 = await node.exec("asking", "nslookup dual.default.svc.cluster.local fd00:96::a");
  match(overV6.stdout, new RegExp(`^Address: ${v4.replaceAll(".", "\\.")}$`, "m"));
  await node.inside("ip", "address", "add", "2001:db8::1/64", "dev", "eth0", "nodad");
  const overPort = await node.inside("curl", "--silent", "--max-time", "5", "http://[2001:db8::1]:30082/");
  equal(overPort.stdout.trim(), "both");
});
