/**
 * Cluster DNS under load: queries a second and the time that a query takes, for names of the cluster and for names of others
 * that are known. The server runs in a process of its own, with the V8 flags of the product; this one asks.
 */
import { Buffer } from "node:buffer";
import dgram from "node:dgram";
import dnsPacket from "dns-packet";
import { ClusterDns } from "../../net/dns/mod.ts";
import type { DnsEndpoints, DnsService } from "../../net/dns/types.ts";
import { v8Flags } from "../support/compile.ts";
import { table } from "./figures.ts";

const address = "127.0.0.1";

export interface DnsLoad {
  services: number;
  /** Of each tenth service, which is headless. */
  endpoints: number;
  queries: number;
  /** Queries under way at once, under load. */
  window: number;
}

/** A Markdown table of it. */
export async function dns(load: DnsLoad): Promise<string> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", v8Flags, import.meta.filename!, JSON.stringify(load)],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  try {
    let said = "";
    while (!said.includes("\n")) {
      const { value, done } = await lines.read();
      if (done) throw new Error("Cannot measure: the server ended");
      said += value;
    }
    const { port, pid } = JSON.parse(said);
    const numbered = (i: number) => i % load.services;
    const kinds: [what: string, name: (i: number) => string, type: string][] = [
      ["cluster, A", (i) => `s-${numbered(i * 10 + 1)}.default.svc.cluster.local`, "A"],
      [`cluster, A, headless (${load.endpoints})`, (i) => `s-${numbered(i * 10)}.default.svc.cluster.local`, "A"],
      ["cluster, not there", (i) => `www-${i}.example.default.svc.cluster.local`, "A"],
      ["other, known", (i) => `www-${i % 100}.example`, "A"],
    ];
    const rows = [];
    for (const [what, name, type] of kinds) {
      await run(port, name, type, 500, 8);
      const cpu = cpuSeconds(pid);
      const loaded = await run(port, name, type, load.queries, load.window);
      const used = cpuSeconds(pid) - cpu;
      const alone = await run(port, name, type, Math.min(2000, load.queries), 1);
      rows.push([
        what,
        String(Math.round(loaded.rate)),
        `${(used / load.queries * 1e6).toFixed(0)} µs`,
        ms(loaded.times, 0.5),
        ms(loaded.times, 0.99),
        ms(alone.times, 0.5),
        ms(alone.times, 0.99),
        String(loaded.lost + alone.lost),
      ]);
    }
    const under = `${load.window} at once`;
    return table([
      "names",
      "queries/s",
      "CPU a query",
      `p50, ${under}`,
      `p99, ${under}`,
      "p50, alone",
      "p99, alone",
      "lost",
    ], rows) +
      `\n\n${load.services} services, every tenth of them headless with ${load.endpoints} endpoints; ` +
      `resident memory of the server ${(residentBytes(pid) / 1e6).toFixed(0)} MB.\n`;
  } finally {
    await child.stdin.close().catch(() => {});
    await lines.cancel().catch(() => {});
    await child.status;
  }
}

function ms(times: readonly number[], share: number): string {
  const sorted = [...times].sort((a, b) => a - b);
  return `${(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN).toFixed(2)} ms`;
}

function cpuSeconds(pid: number): number {
  const fields = Deno.readTextFileSync(`/proc/${pid}/stat`).split(") ")[1].split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function residentBytes(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(Deno.readTextFileSync(`/proc/${pid}/status`))?.[1]) * 1024;
}

/** Asks `count` queries, `window` under way at once; one that has no reply within a second is lost. */
async function run(port: number, name: (i: number) => string, type: string, count: number, window: number) {
  const socket = dgram.createSocket("udp4");
  await new Promise<void>((resolve) => socket.bind(0, address, () => resolve()));
  const sent = new Float64Array(65536);
  const times: number[] = [];
  let next = 0, lost = 0, finished = 0;
  const started = performance.now();
  await new Promise<void>((resolve) => {
    const ask = () => {
      if (next >= count) return;
      const id = next & 0xffff;
      const query = dnsPacket.encode({
        type: "query",
        id,
        flags: dnsPacket.RECURSION_DESIRED,
        questions: [{ type, name: name(next) }],
      });
      next++;
      sent[id] = performance.now();
      socket.send(query, port, address);
    };
    const finish = (isLost: boolean) => {
      if (isLost) lost++;
      if (++finished >= count) {
        clearInterval(watch);
        resolve();
      } else ask();
    };
    const watch = setInterval(() => {
      const now = performance.now();
      for (let id = 0; id < Math.min(next, 65536); id++) {
        if (sent[id] > 0 && now - sent[id] > 1000) {
          sent[id] = 0;
          finish(true);
        }
      }
    }, 500);
    socket.on("message", (bytes: Uint8Array) => {
      const id = (bytes[0] << 8) | bytes[1];
      if (!(sent[id] > 0)) return;
      times.push(performance.now() - sent[id]);
      sent[id] = 0;
      finish(false);
    });
    for (let i = 0; i < window; i++) ask();
  });
  const seconds = (performance.now() - started) / 1000;
  await new Promise<void>((resolve) => socket.close(() => resolve()));
  return { rate: times.length / seconds, times, lost };
}

/** The server's side: says its port, serves until its standard input ends. */
async function serve(load: DnsLoad): Promise<void> {
  const services: DnsService[] = [];
  const endpoints: DnsEndpoints[] = [];
  for (let i = 0; i < load.services; i++) {
    const isHeadless = i % 10 === 0;
    const [namespace, name] = ["default", `s-${i}`];
    const ports = [{ name: "http", protocol: "TCP" as const, port: 80 }];
    services.push({ namespace, name, ports, clusterIPs: isHeadless ? [] : [`10.96.${i >> 8}.${i & 255}`] });
    if (!isHeadless) continue;
    endpoints.push({
      namespace,
      id: `${name}-1`,
      service: name,
      ports,
      endpoints: Array.from(
        { length: load.endpoints },
        (_, n) => ({ addresses: [`10.244.${i % 256}.${n}`], ready: true }),
      ),
    });
  }
  const other = dgram.createSocket("udp4");
  await new Promise<void>((resolve) => other.bind(0, address, () => resolve()));
  other.on("message", (bytes: Uint8Array, from: { port: number; address: string }) => {
    const { id, questions } = dnsPacket.decode(Buffer.from(bytes));
    const answers = [{ name: questions[0].name, type: "A", ttl: 3600, data: "192.0.2.1" }];
    other.send(dnsPacket.encode({ type: "response", id, flags: 0x180, questions, answers }), from.port, from.address);
  });
  // below the ports that the kernel gives out
  const port = 10_000 + Math.floor(Math.random() * 20_000);
  const cluster = new ClusterDns({
    domain: "cluster.local",
    addresses: [address],
    port,
    server: {
      onListening: () => {
        if (cluster.listening.length === 2) console.log(JSON.stringify({ port, pid: Deno.pid }));
      },
    },
  }, { services, endpoints, namespaces: ["default"] });
  cluster.configure({ servers: [{ address, port: other.address().port }] });
  cluster.start();
  for await (const _ of Deno.stdin.readable);
  await cluster.stop();
  other.close();
}

if (import.meta.main) await serve(JSON.parse(Deno.args[0]));
