/**
 * What is measured of the service proxy in one namespace: a program of its own, so that its memory is its own. It says what it
 * found as one line of JSON.
 *
 *     deno run -A --v8-flags=… measured.ts islet|restart|kube-proxy '{"services":5000,"endpoints":10,"turns":15}'
 */
import { NftLibrary } from "../../../net/nft/mod.ts";
import { type ProxyService, ServiceProxy } from "../../../net/proxy/mod.ts";
import { median } from "../figures.ts";
import { resetPeak, usage } from "../process.ts";
import { childPeak } from "./child_peak.ts";
import { KubeProxyTable } from "./kube_proxy_table.ts";
import { endpointOf, makeWorld, options, serviceOf, type World } from "./world.ts";

export interface Size {
  services: number;
  endpoints: number;
  /** Changes and additions that are measured. */
  turns: number;
}

/** Milliseconds and bytes. */
export interface Measured {
  loadMs: number;
  changeMs: number;
  changeMostMs: number;
  addMs: number;
  /** How far the memory of the process rose above what it had with the objects. */
  peak: number;
  /** Most memory that an `nft` process took. */
  nftPeak: number;
}

const settle = () => (globalThis as { gc?: () => void }).gc?.();

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

/** From objects to the kernel by islet's proxy. On a table that is there already it is a restart. */
async function islet({ services, endpoints, turns }: Size): Promise<Measured> {
  const world = makeWorld(services, endpoints);
  const nft = new NftLibrary();
  const proxy = new ServiceProxy({
    nft,
    options,
    report: ({ message }) => {
      throw new Error(message);
    },
  });
  settle();
  const before = usage(Deno.pid).rss;
  resetPeak(Deno.pid);
  const loadMs = await timed(async () => {
    await proxy.start();
    await proxy.sync(world.services, world.endpoints);
  });
  const peak = usage(Deno.pid).peak - before;
  const changes: number[] = [], adds: number[] = [];
  for (let turn = 0; turn < turns; turn++) {
    changeEndpoint(world, turn);
    changes.push(await timed(() => proxy.sync(world.services, new Map(world.endpoints))));
    addService(world, endpoints);
    adds.push(await timed(() => proxy.sync([...world.services], new Map(world.endpoints))));
  }
  await proxy.stop();
  nft.close();
  const changeMostMs = Math.max(...changes);
  return { loadMs, changeMs: median(changes), changeMostMs, addMs: median(adds), peak, nftPeak: childPeak() };
}

/** The same by kube-proxy's layout: `nft` alone, the best that a program in front of it could do. */
async function kubeProxy({ services, endpoints, turns }: Size): Promise<Measured> {
  const world = makeWorld(services, endpoints);
  const table = new KubeProxyTable();
  const whole = table.load(world);
  const loadMs = await timed(() => runNft(whole));
  const changes: number[] = [], adds: number[] = [];
  for (let turn = 0; turn < turns; turn++) {
    const changed = changeEndpoint(world, turn);
    const [change, add] = [table.change(changed, world), table.add(addService(world, endpoints), world)];
    changes.push(await timed(() => runNft(change)));
    adds.push(await timed(() => runNft(add)));
  }
  const changeMostMs = Math.max(...changes);
  return { loadMs, changeMs: median(changes), changeMostMs, addMs: median(adds), peak: 0, nftPeak: childPeak() };
}

/** Another pod takes the place of an endpoint. */
function changeEndpoint({ services, endpoints }: World, turn: number): ProxyService {
  const service = services[(turn * 7919) % services.length];
  const key = `${service.namespace}/${service.name}`, list = [...endpoints.get(key)!];
  list[turn % list.length] = endpointOf(20_000 + turn, 0);
  endpoints.set(key, list);
  return service;
}

function addService({ services, endpoints }: World, count: number): ProxyService {
  const i = services.length, service = serviceOf(i);
  services.push(service);
  endpoints.set(`default/${service.name}`, Array.from({ length: count }, (_, n) => endpointOf(i, n)));
  return service;
}

async function runNft(script: string): Promise<void> {
  const file = await Deno.makeTempFile({ suffix: ".nft" });
  try {
    await Deno.writeTextFile(file, script);
    const { success, stderr } = await new Deno.Command("nft", { args: ["-f", file], stdin: "null" }).output();
    if (!success) throw new Error(new TextDecoder().decode(stderr).slice(0, 2000));
  } finally {
    await Deno.remove(file);
  }
}

if (import.meta.main) {
  const [what, size] = Deno.args;
  const measure = what === "kube-proxy" ? kubeProxy : islet;
  console.log(JSON.stringify(await measure(JSON.parse(size))));
}
