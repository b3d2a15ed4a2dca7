import assert from "node:assert/strict";
import { startApi } from "../api/mod.ts";
import { FakeStore, running, testPod } from "../api/testing.ts";
import { ManualClock } from "../clock.ts";
import { EventRing } from "../telemetry/events.ts";
import { silentLogger } from "../telemetry/log.ts";

const program = new URL("../../main.ts", import.meta.url).pathname;

interface Said {
  code: number;
  out: string;
  err: string;
}

async function islet(...args: string[]): Promise<Said> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--quiet", program, ...args],
    stdin: "null",
    env: { NO_COLOR: "1" },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: text(stdout), err: text(stderr) };
}

const usageErrors: [args: string[], said: RegExp][] = [
  [["frobnicate"], /unknown command "frobnicate"; "islet help" lists them/],
  [["exce"], /did you mean exec\?/],
  [["get"], /say what to get: islet get TYPE \[NAME…\]/],
  [["get", "problems", "x"], /problems have no names/],
  [["get", "pods", "--selectr", "x"], /did you mean --selector\?/],
  [["get", "pods", "-o", "yml"], /one of wide, json, yaml, name/],
  [["get", "pods", "a", "-l", "x"], /names and selectors exclude each other/],
  [["get", "pods", "a", "-A"], /a name needs its namespace/],
  [["get", "pods", "-w", "-o", "json"], /-w shows tables only/],
  [["describe"], /say what to describe: islet describe TYPE NAME…/],
  [["describe", "pod", "x", "-A"], /a name needs its namespace/],
  [["apply"], /say what to apply: islet apply -f FILE/],
  [["apply", "web.yaml"], /manifests are named by -f: islet apply -f web\.yaml/],
  [["wait", "pod/x"], /say what to wait for/],
  [["wait", "pod/x", "--for", "luck"], /cannot wait for "luck"/],
  [["delete", "pod", "x", "--now", "--grace-period", "3"], /--now and --grace-period exclude each other/],
  [["port-forward", "x", "http"], /"http" is no pair of ports/],
  [["events", "--types", "odd"], /--types are Normal and Warning, not odd/],
  [["top", "disks"], /say what to show: islet top pods, islet top nodes/],
  [["logs"], /name a pod/],
  [["logs", "a", "b", "c"], /unexpected argument "c"/],
  [["logs", "a", "--since", "soon"], /--since: it is a duration/],
  [["logs", "a", "--tail", "-5"], /--tail: it is a whole number/],
  [["exec"], /name a pod/],
  [["exec", "a", "ls"], /the command stands behind --: islet exec a -- ls/],
  [["exec", "a", "--"], /name a command/],
  [["version", "now"], /unexpected argument "now"/],
  [["check", "--rootdir", "x"], /did you mean --root-dir\?/],
];
for (const [args, said] of usageErrors) {
  Deno.test(`islet ${args.join(" ")} is a usage error that helps`, async () => {
    const { code, out, err } = await islet(...args);
    assert.match(err, said);
    assert.equal(code, 2);
    assert.equal(out, "");
  });
}

Deno.test("help lists the verbs, and each verb has its own", async () => {
  const { code, out } = await islet("help");
  assert.equal(code, 0);
  const verbs = [...out.matchAll(/^ {2}(\w+) {2,}\w/gm)].map(([, verb]) => verb);
  for (const verb of ["run", "check", "get", "describe", "logs", "exec", "validate", "version"]) {
    assert.ok(verbs.includes(verb), `${verb} is not in ${verbs}`);
  }
  const helps = await Promise.all(verbs.map((verb) => islet(verb, "--help")));
  for (const [index, help] of helps.entries()) {
    assert.equal(help.code, 0, verbs[index]);
    assert.ok(help.out.length > 50, verbs[index]);
  }
});

Deno.test("a node that does not answer is named with what to do", async () => {
  const { code, err } = await islet("get", "pods", "--socket", "/nonexistent/islet.sock");
  assert.equal(code, 1);
  assert.match(
    err,
    /Cannot reach the node at \/nonexistent\/islet\.sock: there is no such socket; is the node running/,
  );
});

/** Runs `use` with verbs that reach a node with a few pods. */
async function withNode(
  use: (islet: (verb: string, ...args: string[]) => Promise<Said>) => Promise<void>,
): Promise<void> {
  const dir = Deno.makeTempDirSync();
  const store = new FakeStore();
  const events = new EventRing({ nodeName: "edge-1" });
  const unused = () => Promise.reject(new Error("not asked for here"));
  store.put(testPod({ metadata: { labels: { app: "web" } } }));
  store.put(testPod({ name: "db", status: { containerStatuses: [running("web", { restartCount: 2 })] } }));
  store.put(testPod({ name: "far", metadata: { namespace: "other" } }));
  events.event({ kind: "Pod", namespace: "default", name: "web", uid: "uid-web" }, "Warning", "BackOff", "a\tb");
  const api = await startApi({
    config: { api: { socket: `${dir}/islet.sock` }, podLogsDir: dir, nodeName: "edge-1" },
    store: store as unknown as Parameters<typeof startApi>[0]["store"],
    events,
    observer: { get: () => undefined },
    cri: { runtime: { exec: unused, attach: unused, portForward: unused } },
    log: silentLogger,
    clock: new ManualClock(),
    problems: () => [{ file: "/m/bad.yaml", severity: "error", line: 3, column: 5, message: "broken" }],
    healthy: () => true,
  });
  try {
    await use((verb, ...args) => islet(verb, "--socket", `${dir}/islet.sock`, ...args));
  } finally {
    await api.stop();
    Deno.removeSync(dir, { recursive: true });
  }
}

Deno.test("islet get pods shows a table, and beside it the manifests that are broken", async () => {
  await withNode(async (islet) => {
    const { code, out, err } = await islet("get", "pods");
    assert.equal(code, 0);
    const lines = out.split("\n");
    assert.match(lines[0], /^NAME +READY +STATUS +RESTARTS +AGE$/);
    assert.match(lines[1], /^db +1\/1 +Running +2 +5m$/);
    assert.match(lines[2], /^web +1\/1 +Running +0 +5m$/);
    assert.deepEqual(lines.slice(3), [""]);
    assert.equal(err, "\nManifests with errors:\n  bad.yaml:3:5: broken\n");
  });
});

Deno.test("islet apply names the file and the object that are wrong, and goes on with the other files", async () => {
  const dir = Deno.makeTempDirSync();
  const head = (name: string) => `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: ${name} }\n`;
  const write = (name: string, text: string) => Deno.writeTextFileSync(`${dir}/${name}`, text);
  write("a.yaml", "data: [x\n");
  write("b.yaml", head("b") + "dta: {}\n");
  write("c.yaml", "apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: c }\n");
  write("d.yaml", head("d"));
  try {
    await withNode(async (islet) => {
      const { code, out, err } = await islet("apply", "-f", dir);
      assert.equal(code, 1);
      assert.equal(out, "configmap/d created\n");
      const lines = err.trimEnd().split("\n");
      assert.match(lines[0], /\/a\.yaml: Error from server \(BadRequest\): line 2, column 1: YAML: Flow sequence/);
      assert.match(lines[1], /\/b\.yaml: configmap\/b: .*/);
      assert.match(err, /dta: field not declared in schema/);
      assert.match(err, /"islet validate .*\/b\.yaml" names every error with its place\./);
      assert.match(
        lines.at(-1)!,
        /\/c\.yaml: deployment\/c: no matches for kind "Deployment" in version "apps\/v1": .* what spec\.template has$/,
      );
      assert.doesNotMatch(err, /"results"/);

      assert.match((await islet("apply", "-f", `${dir}/x`)).err, /Cannot read .*\/x: there is no such file/);
    });
  } finally {
    Deno.removeSync(dir, { recursive: true });
  }
});

Deno.test("islet get shows names, wide rows, namespaces, JSON and YAML", async () => {
  await withNode(async (islet) => {
    assert.equal((await islet("get", "pods", "-o", "name")).out, "pod/db\npod/web\n");
    assert.match((await islet("get", "pod/web", "-o", "wide")).out, /10\.244\.0\.2 +edge-1 +<none> +<none>\n$/);
    assert.match((await islet("get", "po", "-A", "--no-headers")).out, /^default +db .*\ndefault +web .*\nother +far /);
    assert.match(
      (await islet("get", "pods", "-l", "app=web", "--show-labels", "--no-headers")).out,
      /^web .* app=web\n$/,
    );
    const list = JSON.parse((await islet("get", "pods", "-o", "json")).out);
    assert.deepEqual([list.kind, list.items.length], ["List", 2]);
    assert.equal(JSON.parse((await islet("get", "pods", "web", "-o", "json")).out).metadata.name, "web");
    assert.match((await islet("get", "pods", "web", "-o", "yaml")).out, /^apiVersion: v1\nkind: Pod\nmetadata:\n/);
  });
});

Deno.test("islet get of a pod that is not there fails, and shows the others and broken manifests", async () => {
  await withNode(async (islet) => {
    const { code, out, err } = await islet("get", "pods", "nope", "web");
    assert.equal(code, 1);
    assert.match(err, /^Error from server \(NotFound\): pods "nope" not found\n[^]*bad\.yaml:3:5: broken/);
    assert.match(out, /\nweb +1\/1[^\n]*\n$/);
  });
});

Deno.test("islet get of an empty namespace says so", async () => {
  await withNode(async (islet) => {
    const { code, err } = await islet("get", "pods", "-n", "empty");
    assert.equal(code, 0);
    assert.match(err, /No resources found in empty namespace\./);
  });
});

Deno.test("control characters in events cannot break a table", async () => {
  await withNode(async (islet) => {
    assert.match((await islet("get", "events")).out, /Warning +BackOff +pod\/web +a\\tb\n$/);
  });
});

Deno.test("islet describe pod shows the pod with its events", async () => {
  await withNode(async (islet) => {
    const { code, out } = await islet("describe", "pod", "web");
    assert.equal(code, 0);
    assert.match(out, /^Name: +web\n/);
    assert.match(out, /BackOff/);
  });
});

Deno.test("what the node refuses is told in its words", async () => {
  await withNode(async (islet) => {
    const logs = await islet("logs", "web", "-c", "x");
    assert.equal(logs.code, 1);
    assert.match(logs.err, /Error from server \(BadRequest\): container x is not valid for pod web/);
    const exec = await islet("exec", "web", "--", "ls");
    assert.equal(exec.code, 1);
    assert.match(exec.err, /unable to upgrade connection: not asked for here/);
  });
});
