/** The client verbs of the command line, on every kind, over the node's socket. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { join } from "node:path";
import { parse } from "yaml";
import { CliProcess } from "../support/cli.ts";
import { nodeFile } from "../support/node_file.ts";
import { configMap, container, idle, manifest, pod, secret } from "../support/pods.ts";
import type { TestNode } from "../support/node.ts";

const { nodeTest } = nodeFile();

const rows = (table: string) => table.trimEnd().split("\n").map((line) => line.split(/\s{2,}/));
const service = (name: string) => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name },
  spec: { selector: { app: name }, ports: [{ port: 80 }] },
});

/** A file outside of the manifest directory. */
function write(node: TestNode, name: string, objects: Parameters<typeof manifest>[0] | string): string {
  const path = join(node.dir, name);
  Deno.writeTextFileSync(path, typeof objects === "string" ? objects : manifest(objects));
  return path;
}

nodeTest(
  "apply makes, changes and leaves alone, waits for pods, and delete ends what a file names",
  {},
  async (node) => {
    const objects = [configMap("settings", { a: "1" }), pod("applied", idle), service("applied")];
    const file = write(node, "app.yaml", objects);
    const made = await node.cli("apply", "-f", file, "--wait", "--timeout", "120s");
    equal(made.code, 0, made.stderr);
    equal(made.stdout, "configmap/settings created\npod/applied created\nservice/applied created\n");
    equal((await node.ready("applied")).metadata.annotations?.["dev.islet/source-file"], undefined);
    equal(
      (await node.cli("apply", "-f", file)).stdout.replaceAll("\n", ";"),
      "configmap/settings unchanged;pod/applied unchanged;service/applied unchanged;",
    );
    objects[0] = configMap("settings", { a: "2" });
    match(
      (await node.cli("apply", "-f", write(node, "app.yaml", objects))).stdout,
      /^configmap\/settings configured\n/,
    );
    const ended = await node.cli("delete", "-f", file);
    equal(ended.stdout, "configmap/settings deleted\npod/applied deleted\nservice/applied deleted\n", ended.stderr);
    equal(ended.code, 0);
    equal(await node.pod("applied"), undefined);
  },
);

nodeTest("apply says what is wrong with each object and applies the others", {}, async (node) => {
  const file = write(node, "mixed.yaml", [configMap("fine", {}), configMap("Not_Fine", {}), {
    apiVersion: "x/v1",
    kind: "Y",
    metadata: { name: "z" },
  }]);
  const { code, stdout, stderr } = await node.cli("apply", "-f", file);
  equal(code, 1);
  equal(stdout, "configmap/fine created\n");
  match(stderr, /configmap\/Not_Fine: ConfigMap "Not_Fine" is invalid: metadata\.name: Invalid value: "Not_Fine"/);
  match(stderr, /y\/z: no matches for kind "Y" in version "x\/v1"/);
  const broken = await node.cli("apply", "-f", write(node, "broken.yaml", "kind: [\n"));
  equal(broken.code, 1);
  match(broken.stderr, /line \d+, column \d+/);
  equal((await node.cli("delete", "configmap", "fine")).code, 0);
});

nodeTest("a dry run changes nothing", {}, async (node) => {
  const file = write(node, "dry.yaml", configMap("dry", {}));
  equal(
    (await node.cli("apply", "-f", file, "--dry-run", "server")).stdout,
    "configmap/dry created (server dry run)\n",
  );
  match((await node.cli("get", "configmap", "dry")).stderr, /configmaps "dry" not found/);
});

nodeTest("get shows every kind as kubectl does, several at once, and their names", {}, async (node) => {
  await node.cli(
    "apply",
    "-f",
    write(node, "kinds.yaml", [configMap("shown", { a: "1", b: "2" }), secret("hidden", { p: "x" }), service("shown")]),
  );
  deepEqual(rows((await node.cli("get", "cm", "shown")).stdout).map((row) => row.slice(0, 2)), [["NAME", "DATA"], [
    "shown",
    "2",
  ]]);
  const both = (await node.cli("get", "cm/shown", "svc/shown")).stdout;
  match(both, /^NAME +DATA +AGE\nconfigmap\/shown +2 /);
  match(both, /\nNAME +TYPE +CLUSTER-IP [^\n]*\nservice\/shown +ClusterIP/);
  match((await node.cli("get", "secrets", "-o", "name")).stdout, /^secret\/hidden$/m);
  equal(parse((await node.cli("get", "svc", "shown", "-o", "yaml")).stdout).spec.ports[0].port, 80);
  match((await node.cli("get", "nodes")).stdout, new RegExp(`^NAME +STATUS +ROLES +AGE +VERSION\n${node.name} +Ready`));
  match((await node.cli("get", "ns")).stdout, /^kube-system +Active/m);
  match((await node.cli("get", "api-resources")).stdout, /^pods +po +v1 +true +Pod$/m);
  const wrong = await node.cli("get", "podz");
  equal(wrong.code, 2);
  match(wrong.stderr, /no resource type "podz" \(did you mean pods\?\)/);
  equal((await node.cli("get", "cm", "gone", "--ignore-not-found")).code, 0);
});

nodeTest("get -w tells of changes", {}, async (node) => {
  const watched = (data: Record<string, string>) =>
    write(node, "w.yaml", configMap("watched", data, { metadata: { name: "watched", labels: { w: "1" } } }));
  await node.cli("apply", "-f", watched({ a: "1" }));
  await using watching = new CliProcess(node, "get", "cm", "-l", "w=1", "-w");
  await watching.says(/^watched +1 /m);
  await node.cli("apply", "-f", watched({ a: "1", b: "2" }));
  await watching.says(/^watched +2 /m);
  await node.cli("delete", "cm", "watched");
  await watching.says(/^watched +2 .*\nwatched +2 /m);
});

nodeTest("describe tells all there is to other kinds, and hides what is in secrets", {}, async (node) => {
  await node.cli(
    "apply",
    "-f",
    write(node, "d.yaml", [secret("deep", { password: "swordfish" }), service("described")]),
  );
  const hidden = await node.cli("describe", "secret", "deep");
  match(hidden.stdout, /password: +9 bytes/);
  ok(!hidden.stdout.includes("swordfish") && !hidden.stdout.includes(btoa("swordfish")));
  match((await node.cli("describe", "svc/described")).stdout, /Name: +described\n[^]*Port: +80\n/);
  match((await node.cli("describe", "node", node.name)).stdout, /Container Runtime Version: +containerd:\/\//);
});

nodeTest("wait waits for conditions, values, creation and the end, and no longer than it is told", {}, async (node) => {
  const created = node.cli("wait", "pod/awaited", "--for=create", "--timeout=120s");
  await node.cli("apply", "-f", write(node, "a.yaml", pod("awaited", idle)));
  equal((await created).stdout, "pod/awaited created\n");
  equal(
    (await node.cli("wait", "pod/awaited", "--for=condition=Ready", "--timeout=120s")).stdout,
    "pod/awaited condition met\n",
  );
  equal((await node.cli("wait", "pod", "awaited", "--for=jsonpath={.status.phase}=Running")).code, 0);
  const late = await node.cli("wait", "pod/awaited", "--for=delete", "--timeout=1s");
  equal(late.code, 1);
  match(late.stderr, /timed out waiting for pod\/awaited/);
  const gone = node.cli("wait", "pod/awaited", "--for=delete", "--timeout=120s");
  equal((await node.cli("delete", "pod/awaited", "--now")).code, 0);
  equal((await gone).code, 0);
  match((await node.cli("wait", "pod/awaited", "--for=condition=Ready", "--timeout=1s")).stderr, /not found/);
});

nodeTest("events shows what happened to one object", {}, async (node) => {
  await node.cli("apply", "-f", write(node, "e.yaml", pod("eventful", "exit 3", { restartPolicy: "Never" })));
  await node.event("eventful", "Started");
  const { stdout } = await node.cli("events", "--for", "pod/eventful");
  match(stdout, /^LAST SEEN +TYPE +REASON +OBJECT +MESSAGE\n/);
  match(stdout, /Normal +Created +Pod\/eventful/);
  ok(!stdout.includes("Pod/applied"));
  const warnings = await node.cli("events", "--types", "Warning", "--for", "pod/eventful", "--no-headers");
  ok(!/ Normal /.test(warnings.stdout), warnings.stdout);
  match((await node.cli("events", "--for", "po/eventful")).stdout, /Pod\/eventful/);
  match((await node.cli("events", "--for", "podz/eventful")).stderr, /no resource type "podz"/);
});

nodeTest("top shows what pods and the node use", pod("busy", "while :; do :; done"), async (node) => {
  await node.ready("busy");
  const used = await node.until("there are figures", async () => {
    const { stdout } = await node.cli("top", "pods");
    const row = rows(stdout).find(([name]) => name === "busy");
    return row && parseInt(row[1]) > 0 ? row : undefined;
  });
  match(used[2], /^\d+Mi$/);
  match(
    (await node.cli("top", "pod", "busy", "--containers")).stdout,
    /^POD +NAME +CPU\(cores\) +MEMORY\(bytes\)\nbusy +main +\d+m/,
  );
  match((await node.cli("top", "nodes")).stdout, new RegExp(`${node.name} +\\d+m +\\d+% +\\d+Mi +\\d+%`));
});

nodeTest(
  "attach joins a container's streams",
  pod("attached", container("main", 'while read line; do echo "heard $line"; done', { stdin: true })),
  async (node) => {
    await node.ready("attached");
    await using listening = new CliProcess(node, "attach", "attached");
    await using talking = new CliProcess(node, "attach", "-i", "attached");
    // What is said before the container's streams are joined is not heard.
    await node.until("both have heard it", async () => {
      await talking.write("hello\n");
      return [talking, listening].every(({ stdout }) => stdout.includes("heard hello"));
    });
  },
);

nodeTest(
  "port-forward leads a port of this machine into a pod",
  pod(
    "serving",
    container("main", "mkdir /www && echo within >/www/index.html && httpd -f -p 8080 -h /www", {
      readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 },
    }),
  ),
  async (node) => {
    await node.ready("serving");
    await using forward = new CliProcess(node, "port-forward", "serving", ":8080", "--address", "127.0.0.1");
    const [, port] = await forward.says(/Forwarding from 127\.0\.0\.1:(\d+) -> 8080/);
    for (let i = 0; i < 5; i++) {
      const answer = await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: "close" } });
      equal(await answer.text(), "within\n");
    }
    // a client that has said all still gets its answer
    using connection = await Deno.connect({ hostname: "127.0.0.1", port: Number(port) });
    await connection.write(new TextEncoder().encode("GET / HTTP/1.0\r\n\r\n"));
    await connection.closeWrite();
    match(await new Response(connection.readable).text(), /\r\n\r\nwithin\n$/);
  },
);
