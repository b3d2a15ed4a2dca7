/** The command line and the API beneath it, over the node's socket. */
import { deepEqual, equal, match, notEqual, ok } from "node:assert/strict";
import { parse } from "yaml";
import { nodeFile } from "../support/node_file.ts";
import { isletCommand } from "../support/node.ts";
import { run } from "../support/namespaces.ts";
import { container, finished, idle, pod, statusOf } from "../support/pods.ts";

const { nodeTest } = nodeFile();

const rows = (table: string) => table.trimEnd().split("\n").map((line) => line.split(/\s{2,}/));

nodeTest(
  "get pods shows a table as kubectl does, wide, json, yaml and names",
  [
    pod("shown", [container("a"), container("b")], {}, { labels: { app: "shown" } }),
    pod("done", "true", { restartPolicy: "Never" }),
  ],
  async (node) => {
    const shown = await node.ready("shown");
    await node.podUntil("done", "has ended", finished);
    const [head, ...table] = rows((await node.cli("get", "pods")).stdout);
    deepEqual(head, ["NAME", "READY", "STATUS", "RESTARTS", "AGE"]);
    deepEqual(table.find(([name]) => name === "shown")?.slice(0, 4), ["shown", "2/2", "Running", "0"]);
    deepEqual(table.find(([name]) => name === "done")?.slice(0, 4), ["done", "0/1", "Completed", "0"]);
    const wide = (await node.cli("get", "pods", "-o", "wide")).stdout;
    match(wide, new RegExp(`^shown .* ${shown.status?.podIP?.replaceAll(".", "\\.")} +${node.name} `, "m"));
    const one = JSON.parse((await node.cli("get", "pod", "shown", "-o", "json")).stdout);
    equal(one.metadata.uid, shown.metadata.uid);
    const list = JSON.parse((await node.cli("get", "pods", "-o", "json", "-l", "app=shown")).stdout);
    deepEqual(list.items.map((item: typeof one) => item.metadata.name), ["shown"]);
    equal(parse((await node.cli("get", "pod", "shown", "-o", "yaml")).stdout).status.podIP, shown.status?.podIP);
    match((await node.cli("get", "pods", "-o", "name")).stdout, /^pod\/shown$/m);
  },
);

nodeTest(
  "describe pod tells of containers, conditions, volumes and events",
  pod("described", container("main", idle, { env: [{ name: "COLOR", value: "blue" }] }), {
    volumes: [{ name: "data", emptyDir: {} }],
  }),
  async (node) => {
    const { status } = await node.ready("described");
    const { stdout, code } = await node.cli("describe", "pod", "described");
    equal(code, 0);
    for (
      const text of [
        "Name:",
        "described",
        status!.podIP!,
        "COLOR:",
        "blue",
        "Conditions:",
        "Ready",
        "EmptyDir",
        "Events:",
        "Container started",
      ]
    ) {
      ok(stdout.includes(text), `${text} is missing in\n${stdout}`);
    }
  },
);

nodeTest(
  "logs shows all, the tail, the previous run, one container, and follows until the end",
  [
    pod("writes", [container("main", "seq 1 50; sleep 3600"), container("other", "echo from other; sleep 3600")]),
    pod("crashes", "echo life; sleep 1; exit 1"),
    pod("ends", "echo one; sleep 2; echo two", { restartPolicy: "Never" }),
  ],
  async (node) => {
    await node.podUntil("ends", "has begun", (pod) => statusOf(pod)?.containerID);
    const follow = node.cli("logs", "-f", "ends");
    await node.logged("writes", "\n50\n");
    equal(
      (await node.cli("logs", "writes", "-c", "main")).stdout,
      Array.from({ length: 50 }, (_, i) => `${i + 1}\n`).join(""),
    );
    equal((await node.cli("logs", "--tail", "2", "writes", "-c", "main")).stdout, "49\n50\n");
    await node.logged("writes", "from other", "other");
    equal((await node.cli("logs", "writes", "other")).stdout, "from other\n");
    match((await node.cli("logs", "--timestamps", "writes", "-c", "other")).stdout, /^\d{4}-\S+Z? from other$/m);
    await node.podUntil("crashes", "is restarted", (pod) => (statusOf(pod)?.restartCount ?? 0) >= 1);
    equal((await node.cli("logs", "--previous", "crashes")).stdout, "life\n");
    const { code, stdout } = await follow;
    deepEqual([code, stdout], [0, "one\ntwo\n"]);
  },
);

nodeTest(
  "exec runs a command in a container and carries its output, its errors, its input and its exit code",
  pod("target", [container("main"), container("other", idle, { env: [{ name: "WHO", value: "other" }] })]),
  async (node) => {
    await node.ready("target");
    const { code, stdout, stderr } = await node.cli(
      "exec",
      "target",
      "-c",
      "main",
      "--",
      "sh",
      "-c",
      "echo out; echo err >&2; exit 42",
    );
    equal(code, 42);
    equal(stdout, "out\n");
    match(stderr, /^err$/m);
    equal((await node.cli("exec", "target", "-c", "other", "--", "sh", "-c", "echo $WHO")).stdout, "other\n");
    const [program, ...args] = isletCommand();
    const child = new Deno.Command(program, {
      args: [...args, "exec", "--socket", node.socket, "-i", "target", "-c", "main", "--", "cat"],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const writer = child.stdin.getWriter();
    const text = "line of input\n".repeat(10_000);
    await writer.write(new TextEncoder().encode(text));
    await writer.close();
    const output = await child.output();
    equal(output.code, 0);
    equal(new TextDecoder().decode(output.stdout), text);
    notEqual((await node.cli("exec", "target", "-c", "main", "--", "/no/such")).code, 0);
  },
);

nodeTest("wrong names and wrong words have their exit codes and say what was found", {}, async (node) => {
  const absent = await node.cli("get", "pod", "nobody");
  equal(absent.code, 1);
  match(absent.stderr, /pods "nobody" not found/);
  equal((await node.cli("logs", "nobody")).code, 1);
  equal((await node.cli("get", "--nonsense")).code, 2);
  equal((await node.islet("nonsense")).code, 2);
  const deaf = await node.islet("get", "pods", "--socket", `${node.dir}/no.sock`);
  equal(deaf.code, 1);
  match(deaf.stderr, /no\.sock/);
});

nodeTest("the API is Kubernetes JSON on a socket that root alone can open", pod("served"), async (node) => {
  await node.ready("served");
  equal(await (await node.api("/healthz")).text(), "ok");
  const list = await (await node.api("/api/v1/pods")).json();
  deepEqual([list.kind, list.apiVersion], ["PodList", "v1"]);
  ok(Number(list.metadata.resourceVersion) > 0);
  const one = await (await node.api("/api/v1/namespaces/default/pods/served")).json();
  deepEqual([one.kind, one.apiVersion, one.metadata.name], ["Pod", "v1", "served"]);
  const absent = await node.api("/api/v1/namespaces/default/pods/nobody");
  equal(absent.status, 404);
  const status = await absent.json();
  deepEqual([status.kind, status.reason, status.code], ["Status", "NotFound", 404]);
  equal(Deno.statSync(node.socket).mode! & 0o777, 0o600);
  equal(Deno.statSync(node.runDir).mode! & 0o777, 0o700);
});

nodeTest(
  "validate tells every mistake of a file with its place, and check what the machine lacks",
  {},
  async (node) => {
    const file = `${node.dir}/bad.yaml`;
    Deno.writeTextFileSync(
      file,
      "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\nspec:\n  colour: blue\n  containers:\n  - name: Web_1\n    image: x\n",
    );
    const { code, stdout, stderr } = await node.islet("validate", file);
    equal(code, 1);
    match(stdout + stderr, /bad\.yaml:8:11: spec\.containers\[0\]\.name: Invalid value: "Web_1"/);
    match(stdout + stderr, /bad\.yaml:6:3: .*unknown field.*colour|bad\.yaml:6:3: .*colour/);
    Deno.writeTextFileSync(file, JSON.stringify(pod("good")));
    equal((await node.islet("validate", file)).code, 0);
    const [program, ...args] = isletCommand();
    const bare = await run(program, [...args, "check"], { PATH: "/nowhere" });
    equal(bare.code, 1);
    match(bare.stdout + bare.stderr, /apt-get install .*containerd/);
  },
);
