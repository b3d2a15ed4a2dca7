/**
 * The service proxy beside kube-proxy's layout of the same services, each in a fresh network namespace: how long the kernel's table
 * takes to be filled, changed and read back, in how much memory, and how long a client's first packet takes to find its endpoint.
 * Programs of their own are measured, by the running Deno with the V8 flags of the product.
 */
import { v8Flags } from "../support/compile.ts";
import { Host, removeNamespaces } from "../packets/namespace.ts";
import { aim, median, megabytes, spread, table } from "./figures.ts";
import { type FirstPacket, type FirstPacketSize } from "./services/first_packet.ts";
import { type Measured, type Size } from "./services/measured.ts";

const perService = 10;

/** Aims: what a load may take by number of services, and what one change may take at any. */
const aims: Record<number, number> = { 5000: 1000, 10_000: 2000 };
const [changeAimMs, memoryAim] = [15, 48e6];

export async function services(quick: boolean): Promise<string> {
  const sizes = quick ? [1000] : [1000, 5000, 10_000], turns = quick ? 7 : 25;
  const rows: string[][] = [];
  for (const count of sizes) {
    const size = { services: count, endpoints: perService, turns };
    const restarted = { ...size, turns: 0 };
    const [ours, restart] = await inNamespace([["islet", size], ["restart", restarted]]);
    const [theirs] = await inNamespace([["kube-proxy", size]]);
    const limit = aims[count];
    const [change, memory] = [Math.max(median(ours.changesMs), median(ours.addsMs)), megabytes(ours.peak)];
    rows.push(
      [
        `${count}`,
        "islet",
        limit ? aim(ours.loadMs < limit, loadOf(ours)) : loadOf(ours),
        aim(change < changeAimMs, spread(ours.changesMs)),
        spread(ours.addsMs),
        aim(ours.peak < memoryAim, memory),
        "none",
      ],
      ["", "its restart", loadOf(restart), "", "", megabytes(restart.peak), "none"],
      [
        "",
        "kube-proxy's, nft alone",
        seconds(theirs.loadMs),
        spread(theirs.changesMs),
        spread(theirs.addsMs),
        "",
        megabytes(theirs.nftPeak),
      ],
    );
  }
  const head = ["services × 10", "layout", "full load", "one endpoint", "one service more", "memory", "nft's memory"];
  const packets: FirstPacketSize = {
    services: quick ? [10, 1000] : [10, 1000, 10_000],
    connections: quick ? 500 : 5000,
  };
  const latencies: FirstPacket[] = JSON.parse(await program("first_packet.ts", [JSON.stringify(packets)]));
  return table(head, rows) +
    "\n\nFrom objects in the store to the kernel; memory is what the process took beyond that of the objects. " +
    `Of a new connection through a node, by ${packets.connections} connections:\n\n` +
    table(
      ["services", "islet p50", "p99", "kube-proxy's p50", "p99", "past services p50", "p99"],
      latencies.map(latencyRow),
    );
}

function latencyRow({ services, islet, kubeProxy, direct }: FirstPacket): string[] {
  const share = (times: readonly number[], part: number) =>
    `${times.toSorted((a, b) => a - b)[Math.floor(times.length * part)].toFixed(0)} µs`;
  return [String(services), ...[islet, kubeProxy, direct].flatMap((times) => [share(times, 0.5), share(times, 0.99)])];
}

/** A busy machine shows in the difference. */
function loadOf({ loadMs, loadCpuMs }: Measured): string {
  return `${seconds(loadMs)}, CPU ${seconds(loadCpuMs)}`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}

let made = 0;

/** Runs measurements one after the other in one new namespace. */
async function inNamespace(runs: [what: string, size: Size][]): Promise<Measured[]> {
  const namespace = `islet-b${Deno.pid}-${++made}`;
  try {
    const host = await Host.create(namespace, namespace);
    const found: Measured[] = [];
    for (const [what, size] of runs) {
      // started inside, it stays inside
      const run = await host.enter(() => start("measured.ts", [what, JSON.stringify(size)]));
      found.push(JSON.parse(await finish(run)));
    }
    return found;
  } finally {
    await removeNamespaces([namespace]);
  }
}

async function program(file: string, args: string[]): Promise<string> {
  return await finish(start(file, args));
}

function start(file: string, args: string[]): Deno.ChildProcess {
  const module = new URL(`./services/${file}`, import.meta.url).pathname;
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--quiet", `${v8Flags},--expose-gc`, module, ...args],
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
}

async function finish(child: Deno.ChildProcess): Promise<string> {
  const { success, stdout } = await child.output();
  if (!success) throw new Error("Cannot measure the service proxy: the program that is measured failed");
  return new TextDecoder().decode(stdout);
}
