import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { parseAddress } from "../addr.ts";
import { nameOfAddress } from "./addresses.ts";
import { Records } from "./records.ts";
import { chance } from "./testing.ts";
import type { DnsEndpoints, DnsPod, DnsRecords, DnsService, Rr, ZoneOptions } from "./types.ts";
import { Zone } from "./zone.ts";

const reverseNameOf = (address: string) => nameOfAddress(parseAddress(address)!);

const base: DnsRecords = {
  namespaces: ["default", "kube-system", "empty"],
  services: [
    {
      namespace: "default",
      name: "kubernetes",
      clusterIPs: ["10.96.0.1"],
      ports: [{ name: "https", protocol: "TCP", port: 443 }],
    },
    {
      namespace: "default",
      name: "web",
      clusterIPs: ["10.96.0.20", "fd00:96::20"],
      ports: [{ name: "http", protocol: "TCP", port: 80 }, { name: "http3", protocol: "UDP", port: 443 }, {
        protocol: "TCP",
        port: 9,
      }],
    },
    { namespace: "default", name: "db", clusterIPs: [], ports: [{ name: "sql", protocol: "TCP", port: 5432 }] },
    { namespace: "default", name: "none-ready", clusterIPs: ["None"], ports: [] },
    { namespace: "default", name: "ext", clusterIPs: [], externalName: "www.example.com.", ports: [] },
    { namespace: "default", name: "alias", clusterIPs: [], externalName: "web.default.svc.cluster.local", ports: [] },
    {
      namespace: "default",
      name: "alias2",
      clusterIPs: [],
      externalName: "Alias.default.svc.cluster.local",
      ports: [],
    },
    { namespace: "default", name: "no-name", clusterIPs: [], externalName: "a..example", ports: [] },
    { namespace: "default", name: "to-nothing", clusterIPs: [], externalName: "x.empty.svc.cluster.local", ports: [] },
    {
      namespace: "default",
      name: "circle",
      clusterIPs: [],
      externalName: "circle.default.svc.cluster.local",
      ports: [],
    },
  ],
  endpoints: [
    {
      namespace: "default",
      id: "db-a",
      service: "db",
      ports: [{ name: "sql", protocol: "TCP", port: 15432 }],
      endpoints: [
        { addresses: ["10.244.0.5"], hostname: "db-0", ready: true },
        { addresses: ["10.244.0.6"], hostname: "db-1", ready: false },
        { addresses: ["10.244.0.7"], ready: true },
      ],
    },
    {
      namespace: "default",
      id: "db-b",
      service: "db",
      ports: [{ name: "sql", protocol: "TCP", port: 15432 }],
      endpoints: [{ addresses: ["fd00:244::5"], hostname: "db-0", ready: true }, {
        addresses: ["fd00:244::7"],
        ready: true,
      }],
    },
    {
      namespace: "default",
      id: "none-ready-a",
      service: "none-ready",
      ports: [],
      endpoints: [{ addresses: ["10.244.0.8"], hostname: "x", ready: false }],
    },
    {
      namespace: "default",
      id: "web-a",
      service: "web",
      ports: [{ name: "http", protocol: "TCP", port: 8080 }],
      endpoints: [{ addresses: ["10.244.0.9"], hostname: "front", ready: true }, {
        addresses: ["10.244.0.10"],
        ready: true,
      }],
    },
  ],
  pods: [{ namespace: "default", name: "one", addresses: ["10.244.0.5"] }],
};

const zoneOf = (options: Partial<ZoneOptions> = {}, records = base) =>
  new Zone(new Records(records), {
    domain: "cluster.local",
    addresses: ["10.96.0.10", "fd00:96::10"],
    reverse: ["10.96.0.0/16", "10.244.0.0/24", "fd00:96::/112"],
    ...options,
  });

function text(rr: Rr): string {
  const data = rr.type === "SRV"
    ? `${rr.data.priority} ${rr.data.weight} ${rr.data.port} ${rr.data.target}`
    : typeof rr.data === "string"
    ? rr.data
    : rr.type;
  return `${rr.type} ${data}`;
}

/** `RCODE: record, record` or `forward`. */
function ask(zone: Zone, name: string, type: string): string {
  const answer = zone.answer(name, type);
  if (!answer) return "forward";
  return [`${answer.rcode}:`, ...answer.answers.map(text).sort(), ...(answer.follow ? [`→ ${answer.follow}`] : [])]
    .join(
      " ",
    );
}

const local = "svc.cluster.local";

const table: [name: string, type: string, expected: string][] = [
  // the cluster's own
  ["dns-version.cluster.local", "TXT", "NOERROR: TXT 1.1.0"],
  ["dns-version.cluster.local", "A", "NOERROR:"],
  ["x.dns-version.cluster.local", "TXT", "NXDOMAIN:"],
  ["ns.dns.cluster.local", "A", "NOERROR: A 10.96.0.10"],
  ["ns.dns.cluster.local", "AAAA", "NOERROR: AAAA fd00:96::10"],
  ["dns.cluster.local", "A", "NOERROR:"],
  ["other.dns.cluster.local", "A", "NXDOMAIN:"],
  ["cluster.local", "SOA", "NOERROR: SOA SOA"],
  ["cluster.local", "NS", "NOERROR: NS ns.dns.cluster.local"],
  ["cluster.local", "A", "NOERROR:"],
  ["local", "A", "forward"],
  ["example.com", "A", "forward"],
  ["notcluster.local", "A", "forward"],
  ["nothing.cluster.local", "A", "NXDOMAIN:"],
  // services with an address
  [`kubernetes.default.${local}`, "A", "NOERROR: A 10.96.0.1"],
  [`kubernetes.default.${local}`, "AAAA", "NOERROR:"],
  [`KuberNetes.DEFAULT.${local.toUpperCase()}`, "A", "NOERROR: A 10.96.0.1"],
  [`web.default.${local}`, "A", "NOERROR: A 10.96.0.20"],
  [`web.default.${local}`, "AAAA", "NOERROR: AAAA fd00:96::20"],
  [`web.default.${local}`, "MX", "NOERROR:"],
  [`web.default.${local}`, "UNKNOWN_65", "NOERROR:"],
  [`missing.default.${local}`, "A", "NXDOMAIN:"],
  [`web.empty.${local}`, "A", "NXDOMAIN:"],
  [`web.missing.${local}`, "A", "NXDOMAIN:"],
  [`default.${local}`, "A", "NOERROR:"],
  [`empty.${local}`, "A", "NOERROR:"],
  [`missing.${local}`, "A", "NXDOMAIN:"],
  [local, "A", "NOERROR:"],
  [`www.example.com.default.${local}`, "A", "NXDOMAIN:"],
  [`_http._tcp.web.default.${local}`, "SRV", `NOERROR: SRV 0 100 80 web.default.${local}`],
  [`_HTTP._TCP.web.default.${local}`, "SRV", `NOERROR: SRV 0 100 80 web.default.${local}`],
  [`_http3._udp.web.default.${local}`, "SRV", `NOERROR: SRV 0 100 443 web.default.${local}`],
  [`_http3._tcp.web.default.${local}`, "SRV", "NXDOMAIN:"],
  [`_http._tcp.web.default.${local}`, "A", "NOERROR:"],
  [`_tcp.web.default.${local}`, "SRV", "NOERROR:"],
  [`_sctp.web.default.${local}`, "SRV", "NXDOMAIN:"],
  [`_._tcp.web.default.${local}`, "SRV", "NXDOMAIN:"],
  [`http._tcp.web.default.${local}`, "SRV", "NXDOMAIN:"],
  [`x._http._tcp.web.default.${local}`, "SRV", "NXDOMAIN:"],
  [`front.web.default.${local}`, "A", "NOERROR: A 10.244.0.9"],
  // headless services
  [`db.default.${local}`, "A", "NOERROR: A 10.244.0.5 A 10.244.0.7"],
  [`db.default.${local}`, "AAAA", "NOERROR: AAAA fd00:244::5 AAAA fd00:244::7"],
  [`db-0.db.default.${local}`, "A", "NOERROR: A 10.244.0.5"],
  [`DB-0.db.default.${local}`, "AAAA", "NOERROR: AAAA fd00:244::5"],
  [`db-1.db.default.${local}`, "A", "NXDOMAIN:"],
  [`10-244-0-7.db.default.${local}`, "A", "NOERROR: A 10.244.0.7"],
  [`fd00-244--7.db.default.${local}`, "AAAA", "NOERROR: AAAA fd00:244::7"],
  [`10-244-0-5.db.default.${local}`, "A", "NXDOMAIN:"],
  [`x.db-0.db.default.${local}`, "A", "NXDOMAIN:"],
  [`none-ready.default.${local}`, "A", "NXDOMAIN:"],
  [`x.none-ready.default.${local}`, "A", "NXDOMAIN:"],
  [
    `_sql._tcp.db.default.${local}`,
    "SRV",
    `NOERROR: SRV 0 33 15432 10-244-0-7.db.default.${local} SRV 0 33 15432 db-0.db.default.${local} ` +
    `SRV 0 33 15432 fd00-244--7.db.default.${local}`,
  ],
  [`_sql._tcp.none-ready.default.${local}`, "SRV", "NXDOMAIN:"],
  // aliases
  [`ext.default.${local}`, "A", "NOERROR: CNAME www.example.com → www.example.com"],
  [`ext.default.${local}`, "CNAME", "NOERROR: CNAME www.example.com"],
  [`ext.default.${local}`, "TXT", "NOERROR: CNAME www.example.com → www.example.com"],
  [`no-name.default.${local}`, "A", "NOERROR:"],
  [`_http._tcp.ext.default.${local}`, "SRV", "NXDOMAIN:"],
  [`alias.default.${local}`, "A", `NOERROR: A 10.96.0.20 CNAME web.default.${local}`],
  [
    `alias2.default.${local}`,
    "AAAA",
    `NOERROR: AAAA fd00:96::20 CNAME Alias.default.${local} CNAME web.default.${local}`,
  ],
  [`alias.default.${local}`, "MX", `NOERROR: CNAME web.default.${local}`],
  [`to-nothing.default.${local}`, "A", `NXDOMAIN: CNAME x.empty.${local}`],
  // pods
  ["10-244-0-5.default.pod.cluster.local", "A", "NOERROR: A 10.244.0.5"],
  ["192-0-2-1.default.pod.cluster.local", "A", "NOERROR: A 192.0.2.1"],
  ["10-244-0-5.default.pod.cluster.local", "AAAA", "NOERROR:"],
  ["fd00-244--5.default.pod.cluster.local", "AAAA", "NOERROR: AAAA fd00:244::5"],
  ["10-244-0-256.default.pod.cluster.local", "A", "NXDOMAIN:"],
  ["10-244-0.default.pod.cluster.local", "A", "NXDOMAIN:"],
  ["name.default.pod.cluster.local", "A", "NXDOMAIN:"],
  ["x.10-244-0-5.default.pod.cluster.local", "A", "NXDOMAIN:"],
  ["10-244-0-5.missing.pod.cluster.local", "A", "NXDOMAIN:"],
  ["default.pod.cluster.local", "A", "NOERROR:"],
  ["missing.pod.cluster.local", "A", "NXDOMAIN:"],
  ["pod.cluster.local", "A", "NOERROR:"],
  // reverse
  ["1.0.96.10.in-addr.arpa", "PTR", `NOERROR: PTR kubernetes.default.${local}`],
  ["1.0.96.10.IN-ADDR.ARPA", "PTR", `NOERROR: PTR kubernetes.default.${local}`],
  ["1.0.96.10.in-addr.arpa", "A", "NOERROR:"],
  ["77.0.96.10.in-addr.arpa", "PTR", "NXDOMAIN:"],
  ["0.96.10.in-addr.arpa", "PTR", "NOERROR:"],
  ["96.10.in-addr.arpa", "SOA", "NOERROR: SOA SOA"],
  ["96.10.in-addr.arpa", "NS", "NOERROR: NS ns.dns.cluster.local"],
  ["10.in-addr.arpa", "PTR", "forward"],
  ["in-addr.arpa", "NS", "forward"],
  ["1.0.97.10.in-addr.arpa", "PTR", "forward"],
  ["01.0.96.10.in-addr.arpa", "PTR", "forward"],
  ["5.0.244.10.in-addr.arpa", "PTR", `NOERROR: PTR db-0.db.default.${local}`],
  ["7.0.244.10.in-addr.arpa", "PTR", `NOERROR: PTR 10-244-0-7.db.default.${local}`],
  ["9.0.244.10.in-addr.arpa", "PTR", `NOERROR: PTR front.web.default.${local}`],
  ["10.0.244.10.in-addr.arpa", "PTR", "NXDOMAIN:"],
  ["6.0.244.10.in-addr.arpa", "PTR", "NXDOMAIN:"],
  [reverseNameOf("fd00:96::20"), "PTR", `NOERROR: PTR web.default.${local}`],
  [reverseNameOf("fd00:96::21"), "PTR", "NXDOMAIN:"],
  // beyond the ranges, known addresses only
  [reverseNameOf("fd00:244::5"), "PTR", `NOERROR: PTR db-0.db.default.${local}`],
  [reverseNameOf("fd00:244::6"), "PTR", "forward"],
];

Deno.test("answer() to every kind of name is the Kubernetes DNS specification's", async (test) => {
  for (const [name, type, expected] of table) {
    await test.step(`${type} of ${name} is ${expected}`, () => equal(ask(zoneOf(), name, type), expected));
  }
});

Deno.test("answer() writes owners as they were asked for", () => {
  const answer = zoneOf().answer("Web.Default.svc.Cluster.LOCAL", "A")!;
  deepEqual(answer.answers, [{ name: "Web.Default.svc.Cluster.LOCAL", type: "A", ttl: 5, data: "10.96.0.20" }]);
});

Deno.test("answer() gives every negative answer the SOA of its zone", () => {
  const soa = (name: string, type: string) => zoneOf({ ttl: 30 }).answer(name, type)!.authorities;
  for (const name of [`missing.default.${local}`, `default.${local}`, `to-nothing.default.${local}`]) {
    const [record, ...more] = soa(name, "A");
    ok(record.type === "SOA" && more.length === 0);
    deepEqual([record.name, record.ttl, record.data.minimum], ["cluster.local", 30, 30]);
  }
  equal(soa("77.0.96.10.in-addr.arpa", "PTR")[0].name, "96.10.in-addr.arpa");
  equal(soa("77.0.244.10.in-addr.arpa", "PTR")[0].name, "0.244.10.in-addr.arpa");
});

Deno.test("answer() gives up on an alias that leads to itself", () => {
  const answer = zoneOf().answer(`circle.default.${local}`, "A")!;
  equal(answer.rcode, "SERVFAIL");
  ok(answer.answers.length <= 8);
});

Deno.test("answer() to SRV and NS adds the addresses they lead to", () => {
  const more = (name: string, type: string) =>
    zoneOf().answer(name, type)!.additionals.map((rr) => `${rr.name} ${text(rr)}`);
  deepEqual(more(`_http._tcp.web.default.${local}`, "SRV"), [
    `web.default.${local} A 10.96.0.20`,
    `web.default.${local} AAAA fd00:96::20`,
  ]);
  deepEqual(more(`_sql._tcp.db.default.${local}`, "SRV").sort(), [
    `10-244-0-7.db.default.${local} A 10.244.0.7`,
    `db-0.db.default.${local} A 10.244.0.5`,
    `db-0.db.default.${local} AAAA fd00:244::5`,
    `fd00-244--7.db.default.${local} AAAA fd00:244::7`,
  ]);
  deepEqual(more("cluster.local", "NS").length, 2);
});

Deno.test("answer() names pods by address as it is told to", () => {
  const names = ["10-244-0-5.default.pod.cluster.local", "192-0-2-1.default.pod.cluster.local"];
  const rcodes = (podNames: "any" | "existing" | "none") =>
    names.map((name) => ask(zoneOf({ podNames }), name, "A").split(":")[0]);
  deepEqual(rcodes("any"), ["NOERROR", "NOERROR"]);
  deepEqual(rcodes("existing"), ["NOERROR", "NXDOMAIN"]);
  deepEqual(rcodes("none"), ["NXDOMAIN", "NXDOMAIN"]);
});

Deno.test("reverse ranges need not end at a dot", () => {
  const zone = zoneOf({ reverse: ["10.96.0.0/12", "192.168.7.128/25"] });
  for (
    const [name, expected] of [
      ["1.2.111.10.in-addr.arpa", "NXDOMAIN:"],
      ["1.2.112.10.in-addr.arpa", "forward"],
      ["111.10.in-addr.arpa", "NOERROR:"],
      ["128.7.168.192.in-addr.arpa", "NOERROR:"],
      ["127.7.168.192.in-addr.arpa", "forward"],
      ["7.168.192.in-addr.arpa", "forward"],
    ]
  ) equal(ask(zone, name, "PTR"), expected, name);
  throws(() => zoneOf({ reverse: ["10.96.0.0/33"] }), /Cannot read address range 10\.96\.0\.0\/33/);
  throws(() => zoneOf({ reverse: ["ten"] }), /Cannot read address range ten/);
});

Deno.test("records follow every change, one by one", () => {
  const records = new Records();
  const zone = new Zone(records, { domain: "cluster.local" });
  const name = `s.new.${local}`;
  const ptr = (address: string) => ask(zone, reverseNameOf(address), "PTR");
  equal(ask(zone, name, "A"), "NXDOMAIN:");
  equal(ask(zone, `new.${local}`, "A"), "NXDOMAIN:");
  const service = { namespace: "new", name: "s", clusterIPs: ["10.96.0.3"], ports: [] };
  records.putService(service);
  equal(ask(zone, name, "A"), "NOERROR: A 10.96.0.3");
  equal(ask(zone, `new.${local}`, "A"), "NOERROR:");
  equal(ptr("10.96.0.3"), `NOERROR: PTR ${name}`);
  records.putService({ ...service, clusterIPs: ["10.96.0.4"] });
  equal(ask(zone, name, "A"), "NOERROR: A 10.96.0.4");
  equal(ptr("10.96.0.3"), "forward");
  records.putService({ ...service, clusterIPs: [] });
  equal(ask(zone, name, "A"), "NXDOMAIN:");
  const slice = {
    namespace: "new",
    id: "s-1",
    service: "s",
    ports: [],
    endpoints: [{ addresses: ["10.244.0.2"], ready: true }],
  };
  records.putEndpoints(slice);
  equal(ask(zone, name, "A"), "NOERROR: A 10.244.0.2");
  equal(ptr("10.244.0.2"), `NOERROR: PTR 10-244-0-2.${name}`);
  records.putEndpoints({ ...slice, endpoints: [{ addresses: ["10.244.0.3"], ready: true }] });
  equal(ask(zone, name, "A"), "NOERROR: A 10.244.0.3");
  equal(ptr("10.244.0.2"), "forward");
  records.putEndpoints({ ...slice, service: "other" });
  equal(ask(zone, name, "A"), "NXDOMAIN:");
  records.putEndpoints(slice);
  records.removeEndpoints("new", "s-1");
  equal(ask(zone, name, "A"), "NXDOMAIN:");
  records.removeService("new", "s");
  records.removeService("new", "s");
  equal(ask(zone, `new.${local}`, "A"), "NXDOMAIN:");
  records.putPod({ namespace: "new", name: "p", addresses: ["10.244.0.9"] });
  equal(ask(zone, `new.${local}`, "A"), "NOERROR:");
  ok(records.hasPodAt("new", "10.244.0.9"));
  records.removePod("new", "p");
  ok(!records.hasPodAt("new", "10.244.0.9"));
  records.putNamespace("New");
  equal(ask(zone, `new.${local}`, "A"), "NOERROR:");
  records.removeNamespace("new");
  equal(ask(zone, `new.${local}`, "A"), "NXDOMAIN:");
});

Deno.test("any run of changes ends in the same answers as a fresh start with what is left", () => {
  const random = chance(42);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)];
  const namespaces = ["a", "b"], names = ["s", "t", "u"], hosts = [undefined, "h", "i"];
  const ips = Array.from({ length: 8 }, (_, i) => i % 2 ? `10.96.0.${i}` : `fd00:96::${i}`);
  const state = {
    services: new Map<string, DnsService>(),
    endpoints: new Map<string, DnsEndpoints>(),
    pods: new Map<string, DnsPod>(),
    namespaces: new Set<string>(),
  };
  const records = new Records();
  const changed = new Zone(records, { domain: "c", podNames: "existing" });
  const answers = (zone: Zone) => {
    const all: string[] = [];
    for (const namespace of namespaces) {
      all.push(ask(zone, `${namespace}.svc.c`, "A"));
      for (const ip of ips) {
        all.push(ask(zone, `${ip.replace(/[.:]/g, "-")}.${namespace}.pod.c`, ip.includes(":") ? "AAAA" : "A"));
      }
      for (const name of names) {
        const service = `${name}.${namespace}.svc.c`;
        all.push(
          ask(zone, service, "A"),
          ask(zone, service, "AAAA"),
          ask(zone, `_p._tcp.${service}`, "SRV"),
          ask(zone, `h.${service}`, "A"),
        );
      }
    }
    // one address has one service here, as in a cluster; the endpoints' names come in the order of the slices
    for (const ip of ips) all.push(ask(zone, reverseNameOf(ip), "PTR"));
    return all;
  };
  let different = 0, before = "";
  for (let step = 0; step < 600; step++) {
    const namespace = pick(namespaces), name = pick(names);
    const key = `${namespace}/${name}`;
    const port = { name: "p", protocol: "TCP" as const, port: 1 + Math.floor(random() * 3) };
    const taken = new Set([...state.services].filter(([at]) => at !== key).flatMap(([, { clusterIPs }]) => clusterIPs));
    const free = ips.filter((ip) => !taken.has(ip));
    const [put, remove] = pick([
      [() => {
        const clusterIPs = random() < 0.4 ? [] : [...new Set(free.length > 0 ? [pick(free), pick(free)] : [])];
        const service = {
          namespace,
          name,
          clusterIPs,
          ports: [port],
          ...(random() < 0.2 ? { externalName: "s.a.svc.c" } : {}),
        };
        if (service.externalName) service.clusterIPs = [];
        state.services.set(key, service);
        records.putService(service);
      }, () => {
        state.services.delete(key);
        records.removeService(namespace, name);
      }],
      [() => {
        const endpoints = [1, 2].map(() => ({ addresses: [pick(ips)], hostname: pick(hosts), ready: random() < 0.8 }));
        const slice = { namespace, id: name, service: pick(names), ports: [port], endpoints };
        state.endpoints.set(key, slice);
        records.putEndpoints(slice);
      }, () => {
        state.endpoints.delete(key);
        records.removeEndpoints(namespace, name);
      }],
      [() => {
        const pod = { namespace, name, addresses: [pick(ips)] };
        state.pods.set(key, pod);
        records.putPod(pod);
      }, () => {
        state.pods.delete(key);
        records.removePod(namespace, name);
      }],
      [() => {
        state.namespaces.add(namespace);
        records.putNamespace(namespace);
      }, () => {
        state.namespaces.delete(namespace);
        records.removeNamespace(namespace);
      }],
    ]);
    if (random() < 0.6) put();
    else remove();
    const fresh = new Records({
      services: [...state.services.values()],
      endpoints: [...state.endpoints.values()],
      pods: [...state.pods.values()],
      namespaces: [...state.namespaces],
    });
    const now = answers(changed);
    deepEqual(now, answers(new Zone(fresh, { domain: "c", podNames: "existing" })), `after step ${step}`);
    if (now.join() !== before) different++;
    before = now.join();
  }
  ok(different > 200, `${different} changes showed`);
});

Deno.test("the zone's serial number grows with every change", () => {
  const records = new Records();
  const zone = new Zone(records, { domain: "cluster.local" });
  const serial = () => {
    const [soa] = zone.answer("cluster.local", "SOA")!.answers;
    ok(soa.type === "SOA");
    return soa.data.serial;
  };
  const changes = [
    () => records.putNamespace("a"),
    () => records.putService({ namespace: "a", name: "s", clusterIPs: [], ports: [] }),
    () => records.putEndpoints({ namespace: "a", id: "s-1", service: "s", ports: [], endpoints: [] }),
    () => records.putPod({ namespace: "a", name: "p", addresses: [] }),
    () => records.removePod("a", "p"),
    () => records.removeEndpoints("a", "s-1"),
    () => records.removeService("a", "s"),
    () => records.removeNamespace("a"),
  ];
  for (const change of changes) {
    const before = serial();
    change();
    ok(serial() > before);
  }
});

Deno.test("endpoints without an address are none", () => {
  const slice = (addresses: string[]) => ({
    namespace: "a",
    id: "s-1",
    service: "s",
    ports: [],
    endpoints: [{ addresses, ready: true }],
  });
  const records = new Records({ services: [{ namespace: "a", name: "s", clusterIPs: [], ports: [] }] });
  const zone = new Zone(records, { domain: "cluster.local" });
  records.putEndpoints(slice(["db.example.com", "10.244.0.5"]));
  equal(ask(zone, "s.a.svc.cluster.local", "A"), "NOERROR: A 10.244.0.5");
  records.putEndpoints(slice(["db.example.com"]));
  equal(ask(zone, "s.a.svc.cluster.local", "A"), "NXDOMAIN:");
});

Deno.test("an address that moved to another service stays with it when the first goes", () => {
  const records = new Records();
  const zone = new Zone(records, { domain: "cluster.local" });
  records.putService({ namespace: "a", name: "old", clusterIPs: ["10.96.0.3"], ports: [] });
  records.putService({ namespace: "a", name: "new", clusterIPs: ["10.96.0.3"], ports: [] });
  records.removeService("a", "old");
  equal(ask(zone, reverseNameOf("10.96.0.3"), "PTR"), `NOERROR: PTR new.a.${local}`);
});
