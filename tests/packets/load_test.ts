/** Whatever is changed, and however often islet starts again, connections under way and new ones go on. */
import assert from "node:assert/strict";
import { addresses, type HostName, PacketNetwork } from "./network.ts";
import { type LoadReport } from "./load.ts";
import { at, behind, ProxyNode, service } from "./node.ts";

const vip = "10.96.0.1";
const ports = [{ name: "", protocol: "TCP" as const, port: 80, nodePort: 30080 }];

class Load {
  #said = "";
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #reader: ReadableStreamDefaultReader<string>;

  private constructor(readonly child: Deno.ChildProcess) {
    this.#writer = child.stdin.getWriter();
    this.#reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** Starts a load from a host; it has all its connections when this resolves. */
  static async start(network: PacketNetwork, from: HostName, address: string, port: number, count: number) {
    const args = ["run", "-A", "--quiet", new URL("./load.ts", import.meta.url).pathname];
    const child = await network.host(from).enter(() =>
      new Deno.Command(Deno.execPath(), {
        args: [...args, address, String(port), String(count)],
        env: { DENO_NO_UPDATE_CHECK: "1" }, // no packets but those of the load
        stdin: "piped",
        stdout: "piped",
        stderr: "inherit",
      }).spawn()
    );
    const load = new Load(child);
    assert.equal(await load.#line(), "ready");
    return load;
  }

  async report(): Promise<LoadReport> {
    await this.#writer.write(new TextEncoder().encode("?\n"));
    return JSON.parse(await this.#line());
  }

  /** Waits until so many more connections were made, and every open one has echoed. `after` says what was done before. */
  async goesOn(connections: number, after: string): Promise<void> {
    const before = await this.report();
    for (;;) {
      const { connections: now, echoes, failures } = await this.report();
      assert.deepEqual(failures, [], `after ${after}: ${failures.join("; ")}`);
      if (now >= before.connections + connections && echoes >= before.echoes + 100) return;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  async end(): Promise<void> {
    await this.#writer.close();
    await this.#reader.cancel();
    await this.child.status;
  }

  async #line(): Promise<string> {
    while (!this.#said.includes("\n")) {
      const { value, done } = await this.#reader.read();
      if (done) throw new Error("the load ended early");
      this.#said += value;
    }
    const [line, ...rest] = this.#said.split("\n");
    this.#said = rest.join("\n");
    return line;
  }
}

Deno.test("nothing of a running load drops while islet starts again and services and endpoints change", async () => {
  await using network = await PacketNetwork.create();
  await using node = new ProxyNode(network);
  await node.start();
  const web = service("web", vip, { ports });
  const others = (n: number) => Array.from({ length: n }, (_, i) => service(`s${i}`, `10.96.1.${i + 1}`));
  const many = (n: number) => Object.fromEntries(others(n).map(({ name }) => [name, at("a b c")]));
  await node.sync([web], behind({ web: at("a b") }));
  const loads = await Promise.all([
    Load.start(network, "c", vip, 80, 100),
    Load.start(network, "outside", addresses.ip.node, 30080, 100),
  ]);
  const goOn = (after: string) => Promise.all(loads.map((load) => load.goesOn(5, after)));
  const steps: (() => Promise<void>)[] = [
    () => node.sync([web, ...others(40)], behind({ web: at("a b"), ...many(40) })), // others come
    () => node.sync([web, ...others(40)], behind({ web: at("a b c"), ...many(20) })), // one more endpoint
    () => node.sync([web, ...others(9)], behind({ web: at("a c"), ...many(9) })), // one leaves the Service, alive
    () => node.sync([web, ...others(9)], behind({ web: at("b c"), ...many(3) })),
    () => node.sync([{ ...web, affinitySeconds: 60 }], behind({ web: at("b c") })),
    () => node.sync([{ ...web, algorithm: "round-robin" }], behind({ web: at("a b") })),
  ];
  try {
    // other rules, and another layout, in whose place the table is put as a whole
    for (const options of [{}, { nodePortAddresses: ["192.0.2.0/24"] }, { masqueradeBit: 15 }, {}]) {
      await node.stop();
      await goOn("the stop");
      node.options = options;
      await node.start();
      for (const [number, step] of steps.entries()) {
        await step();
        await goOn(`step ${number} with ${JSON.stringify(options)}`);
      }
    }
  } finally {
    for (const load of loads) await load.end();
  }
  let lost = await network.lost();
  for (let tries = 0; lost !== 0 && tries < 50; tries++) { // some may be under way
    await new Promise((resolve) => setTimeout(resolve, 100));
    lost = await network.lost();
  }
  assert.equal(lost, 0, `${lost} packets were lost`);
});
