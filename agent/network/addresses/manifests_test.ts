import { deepEqual, equal, match, notEqual, ok } from "node:assert/strict";
import { join } from "node:path";
import { ManualClock } from "../../clock.ts";
import type { Service } from "../../objects/mod.ts";
import { ManifestSource } from "../../sources/mod.ts";
import { Store } from "../../store/mod.ts";
import { EventRing } from "../../telemetry/events.ts";
import { silentLogger } from "../../telemetry/log.ts";
import { manifestAddresses, ServiceAddresses } from "./mod.ts";

/** A directory, its source and a store; each `read` is another life of the source over the same store. */
class Bench implements AsyncDisposable {
  readonly dir = Deno.makeTempDirSync({ prefix: "islet-services-" });
  readonly store = Store.open(":memory:", { log: silentLogger });
  problems: string[] = [];

  /** `without`: as a version that gave no addresses. */
  async read(options: { without?: boolean } = {}): Promise<void> {
    const { store } = this;
    const addresses = new ServiceAddresses({ serviceCIDRs: ["10.96.0.0/24"], store, clock: new ManualClock() });
    const source = new ManifestSource({
      dir: this.dir,
      store,
      log: silentLogger,
      events: new EventRing({ nodeName: "node" }),
      nodeName: "node",
      ...(options.without ? {} : { completion: manifestAddresses(addresses) }),
    });
    await source.start();
    this.problems = source.problems().filter(({ severity }) => severity === "error").map(({ file, message }) =>
      `${file.slice(this.dir.length + 1)}: ${message}`
    );
    await source.stop();
  }

  write(file: string, ...services: [name: string, spec: Record<string, unknown>][]): void {
    const texts = services.map(([name, spec]) =>
      JSON.stringify({
        apiVersion: "v1",
        kind: "Service",
        metadata: { name },
        spec: { ports: [{ port: 80 }], selector: { app: "web" }, ...spec },
      })
    );
    Deno.writeTextFileSync(join(this.dir, file), texts.join("\n---\n"));
  }

  spec(name: string): Service["spec"] | undefined {
    return this.store.get<Service>("local", "Service", "default", name)?.spec;
  }

  async [Symbol.asyncDispose]() {
    await this.store.close();
    Deno.removeSync(this.dir, { recursive: true });
  }
}

Deno.test("a manifest's Service keeps its addresses over restarts and edits", async () => {
  await using bench = new Bench();
  bench.write("web.yaml", ["web", { type: "NodePort" }]);
  await bench.read();
  const { clusterIP, clusterIPs, ports, ipFamilies } = bench.spec("web")!;
  match(clusterIP!, /^10\.96\.0\.\d+$/);
  deepEqual([clusterIPs, ipFamilies], [[clusterIP], ["IPv4"]]);
  bench.write("web.yaml", ["web", { type: "NodePort", sessionAffinity: "ClientIP", ports: [{ port: 80, name: "w" }] }]);
  await bench.read();
  const edited = bench.spec("web")!;
  equal(edited.sessionAffinity, "ClientIP");
  deepEqual([edited.clusterIP, edited.ports![0].nodePort], [clusterIP, ports![0].nodePort]);
});

Deno.test("who asks for an address by name has it before those who take any", async () => {
  await using bench = new Bench();
  bench.write("a.yaml", ["taker", { type: "NodePort" }]);
  await bench.read();
  const { clusterIP, ports: [{ nodePort }] = [] } = bench.spec("taker") as Service["spec"];
  await bench.store.remove("local", "Service", "default", "taker");
  bench.write("b.yaml", ["asker", { type: "NodePort", clusterIP, ports: [{ port: 80, nodePort }] }]);
  await bench.read();
  deepEqual([bench.spec("asker")!.clusterIP, bench.spec("asker")!.ports![0].nodePort], [clusterIP, nodePort]);
  notEqual(bench.spec("taker")!.clusterIP, clusterIP);
  deepEqual(bench.problems, []);
});

Deno.test("of two that ask for one address the first has it, the other's file is told, and all others work", async () => {
  await using bench = new Bench();
  bench.write("a.yaml", ["first", { clusterIP: "10.96.0.7" }]);
  bench.write("b.yaml", ["second", { clusterIP: "10.96.0.7" }], ["third", {}]);
  await bench.read();
  equal(bench.spec("first")!.clusterIP, "10.96.0.7");
  equal(bench.spec("second"), undefined);
  ok(bench.spec("third")!.clusterIP);
  equal(bench.problems.length, 1);
  match(bench.problems[0], /^b\.yaml: .*Service default\/second.*10\.96\.0\.7: provided IP is already allocated/);
});

Deno.test("a file that does not ask for headless any more gets an address; one that asks for another gets that", async () => {
  await using bench = new Bench();
  bench.write("web.yaml", ["web", { clusterIP: "None" }]);
  await bench.read();
  equal(bench.spec("web")!.clusterIP, "None");
  bench.write("web.yaml", ["web", {}]);
  await bench.read();
  match(bench.spec("web")!.clusterIP!, /^10\.96\.0\.\d+$/);
  bench.write("web.yaml", ["web", { clusterIP: "10.96.0.9" }]);
  await bench.read();
  deepEqual(bench.spec("web")!.clusterIPs, ["10.96.0.9"]);
});

Deno.test("a Service that an earlier version stored without addresses gets them", async () => {
  await using bench = new Bench();
  bench.write("web.yaml", ["web", {}]);
  await bench.read({ without: true });
  equal(bench.spec("web")!.clusterIP, undefined);
  await bench.read();
  ok(bench.spec("web")!.clusterIP);
});
