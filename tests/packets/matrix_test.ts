/**
 * Every type of Service × policy × endpoints × source, as a table: who answers, and whose address it sees. Each cell is
 * tried with real connections, over IPv4 and IPv6.
 */
import assert from "node:assert/strict";
import { type Family } from "../../net/addr.ts";
import { type ProxyEndpoint, type ProxyService } from "../../net/proxy/mod.ts";
import { addresses, type HostName, PacketNetwork } from "./network.ts";
import { at, behind, ProxyNode, service } from "./node.ts";

/**
 * A line: which address is asked, the policy for it, endpoints, then what a pod, the node, a host outside and the pod `a` itself get.
 *
 * Endpoints: pods `a`, `b` of this node, and `far` on another; `a-` ends and still serves, `a!` is not ready.
 * Answers: `a c` is a, which sees c's own address; `a node` sees one of the node's; `a c|far c` is each of them in turn.
 */
const table = `
clusterIP       Cluster  a b       | a c|b c     a node|b node      a outside|b outside      a node|b a
clusterIP       Cluster  a         | a c         a node             a outside                a node
clusterIP       Cluster  far       | far c       far node           far node                 far a
clusterIP       Cluster  a- b      | b c         b node             b outside                b a
clusterIP       Cluster  a- b!     | a c         a node             a outside                a node
clusterIP       Cluster  a!        | refused     refused            refused                  refused
clusterIP       Cluster  -         | refused     refused            refused                  refused
clusterIP       Local    a far     | a c         a node             a outside                a node
clusterIP       Local    a- far    | a c         a node             a outside                a node
clusterIP       Local    far       | dropped     dropped            dropped                  dropped
clusterIP       Local    -         | refused     refused            refused                  refused

nodePort        Cluster  a b       | a c|b c     a node|b node      a outside|b outside      a node|b a
nodePort        Cluster  far       | far c       far node           far node                 far a
nodePort        Cluster  -         | refused     refused            refused                  refused
nodePort        Local    a far     | a c|far c   a node|far node    a outside                a node|far a
nodePort        Local    a- far    | far c       far node           a outside                far a
nodePort        Local    far       | far c       far node           dropped                  far a
nodePort        Local    -         | refused     refused            refused                  refused
loopback        Cluster  a b       |             a node|b node
loopback        Cluster  far       |             far node
loopback        Local    far       |             far node
loopback        Cluster  -         |             refused

balancer        Cluster  a b       | a c|b c     a node|b node      a outside|b outside      a node|b a
balancer        Cluster  far       | far c       far node           far node                 far a
balancer        Cluster  -         | refused     refused            refused                  refused
balancer        Local    a far     | a c|far c   a node|far node    a outside                a node|far a
balancer        Local    a- b! far | far c       far node           a outside                far a
balancer        Local    far       | far c       far node           dropped                  far a
balancer        Local    -         | refused     refused            refused                  refused

externalIP      Cluster  a b       | a c|b c     a node|b node      a outside|b outside      a node|b a
externalIP      Cluster  far       | far c       far node           far node                 far a
externalIP      Local    a far     | a c|far c   a node|far node    a outside                a node|far a
externalIP      Local    far       | far c       far node           dropped                  far a
externalIP      Local    -         | refused     refused            refused                  refused

otherPort       Cluster  a         | refused     refused            refused                  refused
otherClusterIP  Cluster  a         | dropped     dropped            dropped                  dropped
otherNodePort   Cluster  a         | refused     refused            refused                  refused
`;

const places = {
  ip: { vip: "10.96.0.1", other: "10.96.9.9", balancer: "10.200.0.1", external: "10.200.0.2", loopback: "127.0.0.1" },
  ip6: { vip: "fd00:96::1", other: "fd00:96::9999", balancer: "fd00:200::1", external: "fd00:200::2", loopback: "::1" },
} as const;
const sources: HostName[] = ["c", "node", "outside", "a"];

interface Case {
  line: string;
  ask: string;
  policy: "Cluster" | "Local";
  endpoints: ProxyEndpoint[];
  expected: string[];
}

function readCases(text: string, family: Family): Case[] {
  return text.trim().split("\n").filter((line) => line.trim() !== "").map((line) => {
    const [left, right] = [line.slice(0, line.indexOf("|")), line.slice(line.indexOf("|") + 1)];
    const [ask, policy, ...names] = left.trim().split(/\s+/);
    const endpoints = names.filter((name) => name !== "-").flatMap((name) => {
      const state = name.endsWith("-")
        ? { ready: false, serving: true, terminating: true }
        : name.endsWith("!")
        ? { ready: false, serving: false }
        : {};
      return at(name.replace(/[-!]$/, ""), { family, ...state });
    });
    // columns start where there are two spaces; the first may be empty
    const expected = right.replace(/^ /, "").split(/\s{2,}/).map((cell) => cell.trim());
    return { line, ask, policy: policy as Case["policy"], endpoints, expected };
  });
}

/** `a 192.0.2.254` → `a outside`. */
function inWords(answer: string, family: Family): string {
  const [who, from] = answer.split(" ");
  if (from === undefined) return answer;
  const { node, nodeToFar, gateway, ...others } = addresses[family];
  if ([node, nodeToFar, gateway].some((address) => address === from)) return `${who} node`;
  return `${who} ${Object.entries(others).find(([, address]) => address === from)?.[0] ?? from}`;
}

/** The Service of a line, and where to ask for it. */
function asked(family: Family, { ask, policy }: Case): { service: ProxyService; address: string; port: number } {
  const { vip, other, balancer, external, loopback } = places[family];
  const one = service("web", vip, {
    ports: [{ name: "", protocol: "TCP", port: 80, nodePort: 30080 }],
    loadBalancerIPs: [balancer],
    externalIPs: [external],
    [ask === "clusterIP" ? "internalTrafficPolicy" : "externalTrafficPolicy"]: policy,
  });
  const [address, port] = {
    clusterIP: [vip, 80] as const,
    nodePort: [addresses[family].node, 30080] as const,
    loopback: [loopback, 30080] as const,
    balancer: [balancer, 80] as const,
    externalIP: [external, 80] as const,
    otherPort: [vip, 81] as const,
    otherClusterIP: [other, 80] as const,
    otherNodePort: [addresses[family].node, 30081] as const,
  }[ask]!;
  return { service: one, address, port };
}

/** Tries every line of the table. */
async function tryAll(family: Family): Promise<void> {
  await using network = await PacketNetwork.create();
  await using node = new ProxyNode(network);
  // without a route a connection fails before any rule sees it; only the service range has one of the proxy's own
  const { outside } = addresses[family], range = family === "ip" ? "10.200.0.0/24" : "fd00:200::/64";
  await network.ip("node", "route", "add", range, "via", outside);
  await node.start();
  let asks = 0;
  const wrong: string[] = [];
  for (const each of readCases(table, family)) {
    // IPv6 has no route_localnet: node ports answer on 127.0.0.1 alone
    if (each.ask === "loopback" && family === "ip6") continue;
    const { service, address, port } = asked(family, each);
    await node.sync([service], behind({ web: each.endpoints }));
    for (const [i, source] of sources.entries()) {
      if (!each.expected[i]) continue;
      const wanted = each.expected[i].split("|").sort();
      const got = wanted.length > 1
        ? await network.askForTwo(source, address, port)
        : await network.askMany(each.endpoints.length > 1 ? 6 : 1, source, address, port);
      asks++;
      const found = [...new Set(got.map((answer) => inWords(answer, family)))].sort().join("|");
      if (found !== wanted.join("|")) wrong.push(`${each.line}\n  ${source}: ${found}`);
    }
  }
  assert.deepEqual(wrong, []);
  assert.ok(asks > 120, `only ${asks} asked`);
}

Deno.test("each type of Service answers each source by its policy, over IPv4", () => tryAll("ip"));

Deno.test("each type of Service answers each source by its policy, over IPv6", () => tryAll("ip6"));
