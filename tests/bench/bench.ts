/**
 * `deno task bench [--quick] [NAME…]`: measures the compiled program and prints Markdown tables. Names: latency, startup, idle,
 * stats, api, services, dns, eviction; all of them without one. `--quick` takes fewer turns and shorter waits: to see the effect of a change,
 * not for the record.
 *
 * ISLET_BIN names the program; without it, dist/islet, which is compiled if it is not there. The node that is measured has
 * namespaces, directories, a cgroup and a containerd of its own, and is gone afterwards.
 */
import { existsSync } from "node:fs";
import { cpus } from "node:os";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { compile } from "../support/compile.ts";
import { run } from "../support/namespaces.ts";
import { api } from "./api.ts";
import { dns } from "./dns.ts";
import { services } from "./services.ts";
import { startNode } from "./bench_node.ts";
import { eviction } from "./eviction.ts";
import { idleNode } from "./idle.ts";
import { latency } from "./latency.ts";
import { startup } from "./startup.ts";
import { stats } from "./stats.ts";
import type { TestNode } from "../support/node.ts";

interface Section {
  title: string;
  /** Of a node, or of a part of it alone. */
  measure: ((node: TestNode, quick: boolean) => Promise<string>) | { alone: (quick: boolean) => Promise<string> };
}

const sections: Record<string, Section> = {
  latency: {
    title: "From a manifest renamed into place to all containers started",
    measure: (node, quick) => latency(node, quick ? { single: 5, many: 2 } : { single: 15, many: 6 }),
  },
  startup: {
    title: "From exec",
    measure: (node, quick) => startup(node, quick ? 3 : 9),
  },
  idle: {
    title: "At rest",
    measure: (node, quick) =>
      idleNode(node, quick ? { settle: 30, over: 30, pods: [0, 10] } : { settle: 60, over: 60, pods: [0, 10, 50] }),
  },
  stats: {
    title: "A look at what pods use",
    measure: (node, quick) => stats(node, quick ? { pods: [10, 110], rounds: 5 } : { pods: [10, 50, 110], rounds: 21 }),
  },
  api: {
    title: "The API under load",
    measure: (node, quick) =>
      api(node, quick ? { ms: 1000, restMs: 3000, turns: 3 } : { ms: 4000, restMs: 10_000, turns: 11 }),
  },
  eviction: {
    title: "From memory that runs out at once to the victim's end",
    measure: { alone: eviction },
  },
  services: {
    title: "Services and their endpoints into the kernel",
    measure: { alone: services },
  },
  dns: {
    title: "Cluster DNS under load",
    measure: {
      alone: (quick) =>
        dns(
          quick
            ? { services: 1000, endpoints: 10, queries: 3000, window: 64 }
            : { services: 5000, endpoints: 10, queries: 20_000, window: 64 },
        ),
    },
  },
};

async function machine(binary: string): Promise<string> {
  const [kernel, containerd] = await Promise.all([run("uname", ["-r"]), run("containerd", ["--version"])]);
  const version = /\bv?(\d+\.\d+\.\d+\S*)/.exec(containerd.stdout)?.[1];
  const model = cpus()[0]?.model.trim() || Deno.build.arch;
  return `${cpus().length} × ${model}, kernel ${kernel.stdout.trim()}, containerd ${version}, ` +
    `cgroup v${existsSync("/sys/fs/cgroup/cgroup.controllers") ? 2 : 1}; ${runtimeOf(binary)}`;
}

/** Which Deno a compiled program runs on: its runtime names itself to web servers. */
function runtimeOf(binary: string): string {
  if (!existsSync(binary)) return `the running Deno is ${Deno.version.deno}`;
  const version = /Deno\/(\d+\.\d+\.\d+)/.exec(new TextDecoder("latin1").decode(Deno.readFileSync(binary)))?.[1];
  return `the binary's runtime is Deno ${version ?? "of an unknown version"}`;
}

async function onNode(measure: (node: TestNode) => Promise<string>): Promise<string> {
  const node = await startNode();
  try {
    return await measure(node);
  } finally {
    await node.end();
  }
}

async function main(args: string[]): Promise<number> {
  const quick = args.includes("--quick");
  const named = args.filter((arg) => arg !== "--quick" && arg !== "--");
  const wrong = named.find((name) => !Object.hasOwn(sections, name));
  if (wrong !== undefined) {
    console.error(`Cannot measure ${wrong}: choose from ${Object.keys(sections).join(", ")} (and --quick)`);
    return 2;
  }
  const chosen = Object.entries(sections).filter(([name]) => named.length === 0 || named.includes(name));
  const root = fileURLToPath(new URL("../..", import.meta.url));
  const binary = resolve(root, Deno.env.get("ISLET_BIN") ?? "dist/islet");
  if (!existsSync(binary) && chosen.some(([, { measure }]) => typeof measure === "function")) {
    console.error("compiling");
    await compile();
  }
  Deno.env.set("ISLET_BIN", binary);
  const about = await machine(binary);
  console.log(`\`${["deno task bench", ...args].join(" ")}\` on ${about}. Medians, with the least and the most.`);
  for (const [, { title, measure }] of chosen) {
    const text = typeof measure === "function"
      ? await onNode((node) => measure(node, quick))
      : await measure.alone(quick);
    console.log(`\n### ${title}\n\n${text}`);
  }
  return 0;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
