/**
 * What is measured of the service proxy in one namespace: a program of its own, so that its memory is its own. It says what it
 * found as one line of JSON.
 *
 *     deno run -A --v8-flags=… measured.ts islet|restart|kube-proxy '{"services":5000,"endpoints":10,"turns":15}'
 */
import { NftLibrary } from "../../../net/nft/mod.ts";
import { type ProxyService, serviceKey, ServiceProxy } from "../../../net/proxy/mod.ts";
import { ServiceFeed, type ServiceFeedOptions } from "../../../agent/network/service_feed.ts";
import { resetPeak, usage } from "../process.ts";
import { addedService, changedService, wholeTable } from "./kube_proxy_table.ts";
import { runNft } from "./nft.ts";
import { BenchStore, nodeName } from "./objects.ts";
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
  /** CPU time of the same, by all threads. */
  loadCpuMs: number;
  /** Of a change of one endpoint, and of one more service. */
  changesMs: number[];
  addsMs: number[];
  /** How far the memory of the process rose above what it had with the objects. */
  peak: number;
  /** Most memory that an `nft` process took. */
  nftPeak: number;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

/** From objects in a store to the kernel, as in the agent. On a table that is there already it is a restart. */
async function islet({ services, endpoints, turns }: Size): Promise<Measured> {
  const world = makeWorld(services, endpoints), objects = new BenchStore(world);
  const nft = new NftLibrary();
  const report = ({ message }: { message: string }) => {
    throw new Error(message);
  };
  const proxy = new ServiceProxy({ nft, options, report });
  let synced: Promise<unknown> = Promise.resolve();
  const feed = new ServiceFeed({
    stores: [objects.store],
    nodeName,
    proxy: { sync: (services, endpoints) => synced = proxy.sync(services, endpoints) },
    report,
  } as ServiceFeedOptions);
  (globalThis as { gc?: () => void }).gc?.();
  const before = usage(Deno.pid);
  resetPeak(Deno.pid);
  const fed = async () => {
    await Promise.resolve(); // it waits for what else comes in the same turn
    await synced;
  };
  const loadMs = await timed(async () => {
    await proxy.start();
    feed.start();
    await fed();
  });
  const after = usage(Deno.pid);
  const changesMs: number[] = [], addsMs: number[] = [];
  for (let turn = 0; turn < turns; turn++) {
    const changed = changeEndpoint(world, turn), behind = world.endpoints.get(serviceKey(changed))!;
    changesMs.push(
      await timed(() => {
        objects.change(changed, behind);
        return fed();
      }),
    );
    const added = addService(world, endpoints), its = world.endpoints.get(serviceKey(added))!;
    addsMs.push(
      await timed(() => {
        objects.add(added, its);
        return fed();
      }),
    );
  }
  feed.stop();
  await proxy.stop();
  nft.close();
  const loadCpuMs = (after.cpuNs - before.cpuNs) / 1e6;
  return { loadMs, loadCpuMs, changesMs, addsMs, peak: after.peak - before.rss, nftPeak: 0 };
}

/** The same by kube-proxy's layout: `nft` alone, the best that a program in front of it could do. */
async function kubeProxy({ services, endpoints, turns }: Size): Promise<Measured> {
  const world = makeWorld(services, endpoints);
  const { ms: loadMs, peak: nftPeak } = await runNft([], wholeTable(world));
  const changesMs: number[] = [], addsMs: number[] = [];
  for (let turn = 0; turn < turns; turn++) {
    changesMs.push((await runNft([], changedService(changeEndpoint(world, turn), world))).ms);
    addsMs.push((await runNft([], addedService(addService(world, endpoints), world))).ms);
  }
  return { loadMs, loadCpuMs: NaN, changesMs, addsMs, peak: 0, nftPeak };
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

if (import.meta.main) {
  const [what, size] = Deno.args;
  const measure = what === "kube-proxy" ? kubeProxy : islet;
  console.log(JSON.stringify(await measure(JSON.parse(size))));
}
