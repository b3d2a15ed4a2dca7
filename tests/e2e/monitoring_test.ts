/** The dashboard and the alerts of `examples/monitoring`, in a real Prometheus that scrapes a real node. */
import { deepEqual, equal, ok } from "node:assert/strict";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parse, stringify } from "yaml";
import { run } from "../support/namespaces.ts";
import { sleep, type TestNode } from "../support/node.ts";
import { nodeFile } from "../support/node_file.ts";
import { container, idle, manifest, pod } from "../support/pods.ts";
import { Prometheus, prometheusPrograms, type Series } from "../support/prometheus.ts";
import { groupings, selectors } from "../support/promql.ts";
import { relay } from "../support/relay.ts";

const { nodeTest } = nodeFile();
const examples = resolve(fileURLToPath(new URL("../../examples/monitoring", import.meta.url)));

/** What a node exports only when something has happened that this one is spared, with the labels that it then has. */
const conditional: Record<string, string[]> = {
  // kubelet's: calls that failed, pods that were evicted or did not fit
  kubelet_runtime_operations_errors_total: ["operation_type"],
  kubelet_evictions: ["eviction_signal"],
  kubelet_admission_rejections_total: ["reason"],
  // cAdvisor's: v1 counts I/O by cgroup only where the kernel throttles it
  container_fs_reads_bytes_total: ["namespace", "pod", "container", "device"],
  container_fs_writes_bytes_total: ["namespace", "pod", "container", "device"],
  // CoreDNS's: where there are other servers to be asked
  coredns_proxy_request_duration_seconds_bucket: ["proxy_name", "to", "rcode", "le"],
  islet_dns_server_alive: ["to"],
};
/** What Prometheus itself puts on every series. */
const ownLabels = ["job", "instance", "metrics_path"];

interface Panel {
  title: string;
  type: string;
  targets?: { expr: string }[];
}

interface Expression {
  where: string;
  expr: string;
  /** Whether it should be something on a node that does well. */
  shown: boolean;
}

function alerts(): Expression[] {
  const { groups } = parse(Deno.readTextFileSync(join(examples, "islet.rules.yaml")));
  return groups.flatMap(({ rules }: { rules: { alert: string; expr: string }[] }) =>
    rules.map(({ alert, expr }) => ({ where: alert, expr, shown: false }))
  );
}

function panels(): Expression[] {
  const { panels } = JSON.parse(Deno.readTextFileSync(join(examples, "dashboard.json"))) as { panels: Panel[] };
  return panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }) => ({
      where: title,
      expr: expr.replaceAll("$__rate_interval", "1m").replaceAll("$instance", ".*").replaceAll("$namespace", ".*"),
      shown: true,
    }))
  );
}

/** The configuration of the example, but for where the node is and how often it is asked. */
async function configFile(dir: string, target: string): Promise<string> {
  const config = parse(await Deno.readTextFile(join(examples, "prometheus.yaml")), { merge: true });
  config.global = { scrape_interval: "1s", evaluation_interval: "1s" };
  config.rule_files = [join(examples, "islet.rules.yaml")];
  for (const job of config.scrape_configs) {
    Object.assign(job, { scheme: "http", static_configs: [{ targets: [target] }] });
    delete job.authorization;
    delete job.tls_config;
  }
  const file = join(dir, "prometheus.yaml");
  await Deno.writeTextFile(file, stringify(config, { aliasDuplicateObjects: false }));
  return file;
}

const pages = ["/metrics", "/metrics/cadvisor", "/metrics/resource", "/metrics/probes", "/metrics/objects"];

nodeTest("Prometheus' own linter takes every page, and the example's rules and configuration", {}, async (node) => {
  const promtool = join(await prometheusPrograms(), "promtool");
  for (const page of pages) {
    const text = await (await node.api(page)).text();
    const file = join(node.dir, "page.txt");
    await Deno.writeTextFile(file, text);
    const { stdout, stderr } = await run("sh", ["-c", '"$1" check metrics <"$2"', "sh", promtool, file]);
    // what it says of style is about names that are others'
    const wrong = (stdout + stderr).split("\n").filter((line) => /error while linting|text format parsing/.test(line));
    deepEqual(wrong, [], page);
  }
  for (
    const args of [["check", "rules", "islet.rules.yaml"], ["check", "config", "--syntax-only", "prometheus.yaml"]]
  ) {
    const { code, stdout, stderr } = await run("sh", [
      "-c",
      'cd "$1" && shift && exec "$@"',
      "sh",
      examples,
      promtool,
      ...args,
    ]);
    equal(code, 0, stdout + stderr);
  }
});

const limited = pod("limited", [
  container("main", "while :; do :; done", {
    resources: { limits: { cpu: "50m", memory: "64Mi" } },
    livenessProbe: { exec: { command: ["true"] }, periodSeconds: 1 },
    readinessProbe: { exec: { command: ["test", "-e", "/nothing"] }, periodSeconds: 1 },
    volumeMounts: [{ name: "data", mountPath: "/data" }],
  }),
], { volumes: [{ name: "data", persistentVolumeClaim: { claimName: "data" } }] });

const web = {
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: "web" },
  spec: { selector: { app: "web" }, ports: [{ port: 80 }] },
};
/** Looks up a Service's name, and one that nobody knows. */
const asking = "while :; do nslookup web; nslookup nobody.example; sleep 1; done";

/** A claim, and the directory that is its storage. */
function storage(path: string): Record<string, unknown>[] {
  const spec = { accessModes: ["ReadWriteOnce"], storageClassName: "" };
  const term = { matchExpressions: [{ key: "kubernetes.io/os", operator: "In", values: ["linux"] }] };
  return [
    {
      apiVersion: "v1",
      kind: "PersistentVolume",
      metadata: { name: "pv-data" },
      spec: {
        ...spec,
        capacity: { storage: "1Mi" },
        local: { path },
        nodeAffinity: { required: { nodeSelectorTerms: [term] } },
      },
    },
    {
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata: { name: "data" },
      spec: { ...spec, volumeName: "pv-data", resources: { requests: { storage: "1Mi" } } },
    },
  ];
}

nodeTest(
  "every metric and label of the dashboard and the alerts is exported, and every expression is understood",
  [limited, pod("quiet", idle), pod("broken", "exit 7"), pod("asking", asking), web],
  async (node) => {
    Deno.mkdirSync(`${node.dir}/data`);
    node.write("storage.yaml", manifest(storage(`${node.dir}/data`)));
    await node.podUntil("limited", "runs", ({ status }) => status?.phase === "Running");
    await node.ready("quiet");
    await node.podUntil(
      "broken",
      "waits to be started again",
      ({ status }) => status?.containerStatuses?.[0].state?.waiting?.reason === "CrashLoopBackOff",
    );
    using way = relay({ hostname: "127.0.0.1", port: 0 }, { transport: "unix", path: node.socket });
    await using prometheus = await Prometheus.start(await configFile(node.dir, `127.0.0.1:${way.port}`));
    await allUp(node, prometheus);
    const problems = new Set<string>();
    const known = new Map<string, Series[]>();
    const series = async (name: string) => {
      if (!known.has(name)) known.set(name, await prometheus.query(name));
      return known.get(name)!;
    };
    for (const { where, expr, shown } of [...alerts(), ...panels()]) {
      const asked = selectors(expr);
      ok(asked.length > 0, `${where}: ${expr} looks at nothing`);
      const labels = new Set(ownLabels);
      for (const { name, labels: matched } of asked) {
        const found = await series(name);
        const has = new Set([...found.flatMap(({ metric }) => Object.keys(metric)), ...conditional[name] ?? []]);
        if (found.length === 0 && !conditional[name]) problems.add(`${where}: ${name} is not exported`);
        for (const label of has) labels.add(label);
        for (const label of matched) {
          if (!has.has(label) && !ownLabels.includes(label)) problems.add(`${where}: ${name} has no label ${label}`);
        }
      }
      for (const label of groupings(expr)) {
        if (!labels.has(label)) problems.add(`${where}: nothing in it has the label ${label}`);
      }
      const isSure = shown && asked.every(({ name }) => !conditional[name]);
      if (isSure && !await soon(async () => (await prometheus.query(expr)).length > 0)) {
        problems.add(`${where}: ${expr} is nothing`);
      } else await prometheus.query(expr);
    }
    equal([...problems].join("\n"), "");
    const firing = await prometheus.query('ALERTS{alertstate=~"pending|firing"}');
    const names = new Set(firing.map(({ metric }) => metric.alertname));
    ok(
      names.has("IsletPodCrashLooping") && !names.has("IsletDown") && !names.has("IsletNodeNotReady"),
      [...names].join(),
    );
  },
);

async function allUp(node: TestNode, prometheus: Prometheus): Promise<void> {
  let last: unknown;
  await node.until("Prometheus has scraped every page", async () => {
    const targets = await prometheus.targets();
    last = targets;
    return targets.length === 4 && targets.every(({ health }) => health === "up");
  }, { timeoutMs: 60_000, everyMs: 500, tell: () => JSON.stringify(last) });
}

/** Rates need some scrapes before they are there. */
async function soon(look: () => Promise<boolean>): Promise<boolean> {
  for (let turn = 0; turn < 60; turn++) {
    if (await look()) return true;
    await sleep(500);
  }
  return false;
}
