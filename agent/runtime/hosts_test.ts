import assert from "node:assert/strict";
import { box, podOf } from "../resources/testing.ts";
import { hostsFile } from "./hosts.ts";

const context = { clusterDomain: "cluster.local", podIPs: ["10.244.0.7"], nodeHosts: "127.0.0.1 localhost\n" };
const head = `# Kubernetes-managed hosts file.
127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::0\tip6-localnet
fe00::0\tip6-mcastprefix
fe00::1\tip6-allnodes
fe00::2\tip6-allrouters
`;

Deno.test("hostsFile() names the pod by its hostname", () => {
  assert.equal(hostsFile(podOf([box("a")]), context), head + "10.244.0.7\tweb\n");
});

Deno.test("hostsFile() names every address of the pod, with the whole name where it has a subdomain", () => {
  const pod = podOf([box("a")], { hostname: "db-0", subdomain: "db" });
  assert.equal(
    hostsFile(pod, { ...context, podIPs: ["10.244.0.7", "fd10::7"] }),
    head + "10.244.0.7\tdb-0.db.shop.svc.cluster.local\tdb-0\nfd10::7\tdb-0.db.shop.svc.cluster.local\tdb-0\n",
  );
});

Deno.test("hostsFile() ends with the host aliases", () => {
  const pod = podOf([box("a")], {
    hostAliases: [{ ip: "10.1.1.1", hostnames: ["foo", "foo.example"] }, { ip: "10.1.1.2", hostnames: ["bar"] }],
  });
  assert.equal(
    hostsFile(pod, context),
    head + "10.244.0.7\tweb\n\n# Entries added by HostAliases.\n10.1.1.1\tfoo\tfoo.example\n10.1.1.2\tbar\n",
  );
});

Deno.test("hostsFile() is the node's file for a pod on the node's network", () => {
  const pod = podOf([box("a")], { hostNetwork: true, hostAliases: [{ ip: "10.1.1.1", hostnames: ["foo"] }] });
  const expected = "# Kubernetes-managed hosts file (host network).\n127.0.0.1 localhost\n" +
    "\n# Entries added by HostAliases.\n10.1.1.1\tfoo\n";
  assert.equal(hostsFile(pod, context), expected);
  assert.equal(hostsFile(pod, { ...context, nodeHosts: "127.0.0.1 localhost" }), expected, "ends the last line");
});
