/** Cluster DNS as programs of the system see it: busybox's nslookup and the C library's resolver, in a network of their own. */
import { deepEqual, equal, ok } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import type { ClusterDnsOptions, DnsRecords, ForwardConfig } from "../../net/dns/mod.ts";
import { Namespaces } from "../support/namespaces.ts";
import { patienceMs } from "../support/node_client.ts";

const address = "127.0.0.10";

const records: DnsRecords = {
  namespaces: ["default"],
  services: [
    {
      namespace: "default",
      name: "web",
      clusterIPs: ["10.96.0.20", "fd00:96::20"],
      ports: [{ name: "http", protocol: "TCP", port: 80 }],
    },
    { namespace: "default", name: "many", clusterIPs: [], ports: [] },
    { namespace: "default", name: "alias", clusterIPs: [], externalName: "web.default.svc.cluster.local", ports: [] },
  ],
  endpoints: [{
    namespace: "default",
    id: "many-1",
    service: "many",
    ports: [],
    endpoints: Array.from({ length: 150 }, (_, i) => ({
      addresses: [`10.244.0.${i}`],
      ready: true,
      ...(i === 7 ? { hostname: "seventh" } : {}),
    })),
  }],
};

interface Setup {
  options?: Partial<ClusterDnsOptions>;
  forward?: ForwardConfig;
  /** Whether to wait until it listens. */
  ready?: boolean;
}

/** Cluster DNS as a program of its own; ended with its standard input. */
async function startDns(namespaces: Namespaces, { options = {}, forward = { servers: [] }, ready = true }: Setup = {}) {
  const defaults = { domain: "cluster.local", addresses: [address], reverse: ["10.96.0.0/16"] };
  const { program, args } = namespaces.command([
    Deno.execPath(),
    "run",
    "-A",
    fileURLToPath(new URL("../support/dns_server.ts", import.meta.url)),
    JSON.stringify({ options: { ...defaults, ...options }, records, forward }),
  ]);
  const child = new Deno.Command(program, { args, stdin: "piped", stdout: "piped", stderr: "inherit" }).spawn();
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const writer = child.stdin.getWriter();
  let text = "";
  const nextLine = async () => {
    while (!text.includes("\n")) {
      const { value, done } = await lines.read();
      ok(!done, "the server runs");
      text += value;
    }
    const line = text.slice(0, text.indexOf("\n"));
    text = text.slice(line.length + 1);
    return line;
  };
  const running = {
    nextLine,
    ask: async (name: string) => {
      await writer.write(new TextEncoder().encode(`${name}\n`));
      return await nextLine();
    },
    [Symbol.asyncDispose]: async () => {
      await writer.close().catch(() => {});
      await lines.cancel().catch(() => {});
      await child.status;
    },
  };
  try {
    if (ready) equal(await nextLine(), "ready");
  } catch (error) {
    await running[Symbol.asyncDispose]();
    throw error;
  }
  return running;
}

async function withDns(
  test: (namespaces: Namespaces, program: Awaited<ReturnType<typeof startDns>>) => Promise<void>,
  setup: Setup = {},
) {
  await using namespaces = await Namespaces.create();
  await using program = await startDns(namespaces, setup);
  await test(namespaces, program);
}

Deno.test("busybox's nslookup finds services, ports, addresses' names and aliases", async () => {
  await withDns(async (namespaces) => {
    const lookup = async (...args: string[]) => {
      const { code, stdout } = await namespaces.run("busybox", "nslookup", ...args, address);
      const lines = stdout.split("\n").map((line) => line.trim()).filter((line) =>
        line !== "" && !/^(Server|Address):\s+127/.test(line)
      );
      return `${code}: ${lines.join("; ").replace(/\s+/g, " ")}`;
    };
    const web = "web.default.svc.cluster.local";
    for (
      const [args, expected] of [
        [[web], `0: Name: ${web}; Address: 10.96.0.20; Name: ${web}; Address: fd00:96::20`],
        [["-type=aaaa", web], `0: Name: ${web}; Address: fd00:96::20`],
        [["-type=srv", `_http._tcp.${web}`], `0: _http._tcp.${web} service = 0 100 80 ${web}`],
        [["10.96.0.20"], `0: 20.0.96.10.in-addr.arpa name = ${web}`],
        [["-type=txt", "dns-version.cluster.local"], `0: dns-version.cluster.local text = "1.1.0"`],
        [
          ["-type=a", "seventh.many.default.svc.cluster.local"],
          "0: Name: seventh.many.default.svc.cluster.local; Address: 10.244.0.7",
        ],
        [
          ["-type=a", "10-1-2-3.default.pod.cluster.local"],
          "0: Name: 10-1-2-3.default.pod.cluster.local; Address: 10.1.2.3",
        ],
        [
          ["-type=a", "alias.default.svc.cluster.local"],
          `0: alias.default.svc.cluster.local canonical name = ${web}; Name: ${web}; Address: 10.96.0.20`,
        ],
      ] as const
    ) equal(await lookup(...args), expected);
    const { stdout } = await namespaces.run("busybox", "nslookup", "-type=a", web, "::1");
    ok(stdout.includes("10.96.0.20"), stdout);
    ok((await lookup("-type=a", "missing.default.svc.cluster.local")).includes("NXDOMAIN"));
    ok((await lookup("-type=a", "www.example.com")).includes("SERVFAIL"));
  }, { options: { addresses: [address, "::1"] } });
});

Deno.test("the C library's resolver finds services by their short names, and all of many addresses by TCP", async () => {
  await withDns(async (namespaces) => {
    const file = await Deno.makeTempFile();
    try {
      await Deno.writeTextFile(
        file,
        `nameserver ${address}\nsearch default.svc.cluster.local svc.cluster.local cluster.local\noptions ndots:5\n`,
      );
      equal((await namespaces.run("mount", "--bind", file, "/etc/resolv.conf")).code, 0);
      const find = async (database: string, name: string) => {
        const { stdout } = await namespaces.run("getent", database, name);
        return [...new Set(stdout.split("\n").filter((line) => line !== "").map((line) => line.split(/\s+/)[0]))]
          .sort();
      };
      deepEqual(await find("ahosts", "web"), ["10.96.0.20", "fd00:96::20"]);
      deepEqual(await find("ahostsv4", "web.default"), ["10.96.0.20"]);
      deepEqual(await find("ahostsv4", "alias.default.svc"), ["10.96.0.20"]);
      deepEqual(await find("ahosts", "missing"), []);
      equal((await find("ahostsv4", "many")).length, 150);
    } finally {
      await Deno.remove(file);
    }
  });
});

Deno.test("with no server in reach foreign names fail in under 100 ms, and the cluster's are answered", async () => {
  const foreign = { servers: [{ address: "192.0.2.254", port: 53 }, { address: "198.51.100.1", port: 53 }] };
  await withDns(async (namespaces, { ask }) => {
    /** All fail, and as quickly as the machine lets them. */
    const failAtOnce = async (name: string) => {
      const times: number[] = [];
      for (let i = 0; i < 8; i++) {
        const [rcode, ms] = (await ask(`${name}-${i}.example`)).split(" ");
        equal(rcode, "SERVFAIL");
        times.push(Number(ms));
      }
      ok(Math.min(...times) < 100, `they failed after ${times} ms`);
    };
    // nobody is at the gateway: its silence is found out without anybody waiting for it
    await new Promise((resolve) => setTimeout(resolve, 3000));
    await failAtOnce("silent");
    ok((await ask("web.default.svc.cluster.local")).startsWith("NOERROR"));
    // and with no route at all
    equal((await namespaces.run("ip", "link", "set", "eth0", "down")).code, 0);
    await failAtOnce("no-route");
    ok((await ask("web.default.svc.cluster.local")).startsWith("NOERROR"));
  }, { forward: foreign });
});

Deno.test("names of others are found again within seconds when their server comes back", async () => {
  const other = "192.0.2.53";
  await withDns(async (namespaces, { ask }) => {
    await new Promise((resolve) => setTimeout(resolve, 3000));
    ok((await ask("web.default.svc.other.example")).startsWith("SERVFAIL"));
    equal((await namespaces.run("ip", "address", "add", `${other}/32`, "dev", "lo")).code, 0);
    await using _ = await startDns(namespaces, { options: { domain: "other.example", addresses: [other] } });
    const until = Date.now() + patienceMs;
    let last = "";
    while (Date.now() < until && !last.startsWith("NOERROR")) {
      last = await ask("web.default.svc.other.example");
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    ok(last.startsWith("NOERROR"), last);
  }, { forward: { servers: [{ address: other, port: 53 }] } });
});

Deno.test("an address that is given to the node later is listened on then", async () => {
  await withDns(async (namespaces, { nextLine, ask }) => {
    const waiting = [await nextLine(), await nextLine()].sort();
    deepEqual(waiting.map((line) => line.split(":")[0]), ["waiting for 10.96.0.10 tcp", "waiting for 10.96.0.10 udp"]);
    equal((await namespaces.run("ip", "address", "add", "10.96.0.10/32", "dev", "lo")).code, 0);
    equal(await nextLine(), "ready");
    ok((await ask("web.default.svc.cluster.local")).startsWith("NOERROR"));
  }, { options: { addresses: ["10.96.0.10"] }, ready: false });
});
