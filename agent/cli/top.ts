/** `islet top pods|nodes`: what is used now, from metrics.k8s.io. */
import { columnWidths, formatTable } from "../api/printers/table.ts";
import { cpuMillis, quantityBytes } from "../objects/mod.ts";
import { describeVerb, type Flag, parseArguments } from "./arguments.ts";
import { apiPath, clientFlags, clientFor, namespaceFlag } from "./client.ts";
import { print, warn } from "./output.ts";
import { UsageError } from "./usage.ts";

const flags: readonly Flag[] = [
  { name: "containers", help: "a row for each container" },
  { name: "all-namespaces", short: "A", help: "of all namespaces" },
  namespaceFlag,
  { name: "selector", short: "l", value: "LABELS", help: "only those with these labels" },
  { name: "sort-by", value: "WHAT", help: "the greatest first", oneOf: ["cpu", "memory"] },
  { name: "no-headers", help: "a table without its first line" },
  { name: "sum", help: "a last row with the sum" },
  ...clientFlags,
];

interface Usage {
  cpu: string;
  memory: string;
}
interface PodMetrics {
  metadata: { name: string; namespace: string };
  containers: { name: string; usage: Usage }[];
}
interface NodeMetrics {
  metadata: { name: string };
  usage: Usage;
}

interface Row {
  names: string[];
  /** Thousandths of a core. */
  cpu: number;
  bytes: number;
  more?: string[];
}

export async function top(words: string[]): Promise<number> {
  const args = parseArguments(words, flags);
  if (args.help) {
    print(describeVerb("top pods|nodes [NAME…] [FLAGS]", "Shows what pods or the node use of CPU and memory.", flags));
    return 0;
  }
  const [what, ...names] = [...args.words, ...args.rest ?? []];
  const client = clientFor(args);
  const sortBy = args.get("sort-by");
  const table = (heads: string[], rows: Row[]) => {
    rows.sort((a, b) => {
      if (sortBy === "cpu") return b.cpu - a.cpu;
      if (sortBy === "memory") return b.bytes - a.bytes;
      return a.names.join("/") < b.names.join("/") ? -1 : 1;
    });
    if (args.is("sum")) {
      const sum = (of: (row: Row) => number) => rows.reduce((all, row) => all + of(row), 0);
      const names = heads.slice(0, rows[0]?.names.length ?? 1).map((_, at, all) => at === all.length - 1 ? "sum" : "");
      rows.push({ names, cpu: sum(({ cpu }) => cpu), bytes: sum(({ bytes }) => bytes) });
    }
    const cells = rows.map(({ names, cpu, bytes, more = [] }) => [
      ...names,
      `${cpu}m`,
      ...more.slice(0, 1),
      `${Math.round(bytes / 2 ** 20)}Mi`,
      ...more.slice(1),
    ]);
    if (!args.is("no-headers")) cells.unshift(heads);
    for (const line of formatTable(cells, columnWidths(cells))) print(line);
  };
  if (["nodes", "node", "no"].includes(what)) {
    const { items } = await client.json<{ items: NodeMetrics[] }>("/apis/metrics.k8s.io/v1beta1/nodes");
    const nodes = await client.json<{ items: { metadata: { name: string }; status: { allocatable: Usage } }[] }>(
      "/api/v1/nodes",
    );
    table(
      ["NAME", "CPU(cores)", "CPU(%)", "MEMORY(bytes)", "MEMORY(%)"],
      items.filter(({ metadata }) => names.length === 0 || names.includes(metadata.name)).map(({ metadata, usage }) => {
        const { allocatable } = nodes.items.find((node) => node.metadata.name === metadata.name)!.status;
        const [cpu, bytes] = [cpuMillis(usage.cpu), quantityBytes(usage.memory)];
        const share = (part: number, whole: number) => whole > 0 ? `${Math.floor((part / whole) * 100)}%` : "<unknown>";
        return {
          names: [metadata.name],
          cpu,
          bytes,
          more: [share(cpu, cpuMillis(allocatable.cpu)), share(bytes, quantityBytes(allocatable.memory))],
        };
      }),
    );
    return 0;
  }
  if (!["pods", "pod", "po"].includes(what)) throw new UsageError("say what to show: islet top pods, islet top nodes");
  const everywhere = args.is("all-namespaces");
  if (everywhere && names.length > 0) throw new UsageError("a name needs its namespace: -n NAMESPACE, not -A");
  const namespace = args.get("namespace") ?? "default";
  const base = `/apis/metrics.k8s.io/v1beta1${everywhere ? "" : `/namespaces/${encodeURIComponent(namespace)}`}/pods`;
  const items = names.length > 0
    ? await Promise.all(names.map((name) => client.json<PodMetrics>(`${base}/${encodeURIComponent(name)}`)))
    : (await client.json<{ items: PodMetrics[] }>(apiPath(base, { labelSelector: args.get("selector") }))).items;
  if (items.length === 0) {
    warn(everywhere ? "No resources found" : `No resources found in ${namespace} namespace.`);
    return 0;
  }
  const rows = items.flatMap(({ metadata, containers }): Row[] => {
    const names = [...everywhere ? [metadata.namespace] : [], metadata.name];
    const used = containers.map(({ name, usage }) => ({
      names: [...names, name],
      cpu: cpuMillis(usage.cpu),
      bytes: quantityBytes(usage.memory),
    }));
    if (args.is("containers")) return used;
    return [{
      names,
      cpu: used.reduce((all, { cpu }) => all + cpu, 0),
      bytes: used.reduce((all, { bytes }) => all + bytes, 0),
    }];
  });
  const heads = [...everywhere ? ["NAMESPACE"] : [], ...args.is("containers") ? ["POD", "NAME"] : ["NAME"]];
  table([...heads, "CPU(cores)", "MEMORY(bytes)"], rows);
  return 0;
}
