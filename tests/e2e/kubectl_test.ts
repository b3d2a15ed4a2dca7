/**
 * What people do with kubectl, with three real ones (1.20, 1.32, 1.36) against a lone node over TLS: the same words, the same
 * answers as against a cluster.
 */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { busyboxImage } from "../images/build.ts";
import {
  type Kubectl,
  kubectlOf,
  type KubectlResult,
  type KubectlVersion,
  kubectlVersions,
} from "../support/kubectl.ts";
import { nodeFile } from "../support/node_file.ts";
import { sleep, type TestNode } from "../support/node.ts";
import { patienceMs } from "../support/node_client.ts";
import { configMap, container, idle, manifest, pod } from "../support/pods.ts";

const { nodeTest } = nodeFile();

type Loose = Record<string, unknown>;

/** One kubectl in a namespace and a directory of its own. */
class Session {
  private constructor(
    readonly node: TestNode,
    readonly kubectl: Kubectl,
    readonly namespace: string,
    readonly dir: string,
  ) {}

  static async start(node: TestNode, version: KubectlVersion, name: string): Promise<Session> {
    const namespace = `${name}-${version.replace(".", "-")}`;
    const dir = join(node.dir, namespace);
    Deno.mkdirSync(dir);
    const kubectl = await kubectlOf(node, version, { dir });
    const session = new Session(node, kubectl, namespace, dir);
    await session.done("create", "namespace", namespace);
    return session;
  }

  /** A file in the directory. */
  write(file: string, content: Loose | Loose[] | string): string {
    Deno.writeTextFileSync(
      join(this.dir, file),
      typeof content === "string" ? content : `# YAML\n${manifest(content)}`,
    );
    return file;
  }

  async run(...args: string[]): Promise<KubectlResult> {
    return await this.kubectl.run("-n", this.namespace, ...args);
  }

  /** Runs it; fails unless it is successful. Returns standard output. */
  async done(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(...args);
    if (code !== 0) throw new Error(`kubectl ${args.join(" ")} ended with ${code}: ${stderr}\n${stdout}`);
    return stdout;
  }

  /** Runs it; fails unless it fails. Returns standard error. */
  async refused(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(...args);
    if (code === 0) throw new Error(`kubectl ${args.join(" ")} was not refused: ${stdout}`);
    return stderr;
  }

  /** Runs it on a terminal, where each line is typed at a shell's prompt. Returns what the terminal showed. */
  async onTerminal(lines: string[], ...args: string[]): Promise<string> {
    const { program, args: all } = this.kubectl.command(["-n", this.namespace, ...args]);
    const line = [program, ...all].map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
    const child = new Deno.Command("script", {
      args: ["-qec", line, "/dev/null"],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
      env: { TERM: "xterm" },
    }).spawn();
    const writer = child.stdin.getWriter();
    const type = (text: string) => writer.write(new TextEncoder().encode(text)).catch(() => {});
    let shown = "", over = false;
    const reading = [child.stdout, child.stderr].map(async (stream) => {
      for await (const chunk of stream.pipeThrough(new TextDecoderStream())) shown += chunk;
    });
    const ended = Promise.all([...reading, child.status]).then(() => over = true);
    for (const line of lines) {
      // A prompt that came before kubectl was joined is not shown: Enter asks for another.
      for (let waits = 0; !over && !shown.replaceAll("\x1b[6n", "").endsWith("# "); waits++) {
        if (waits % 20 === 19) await type("\n");
        await sleep(50);
      }
      shown += "\n";
      await type(`${line}\n`);
    }
    await ended;
    await writer.close().catch(() => {});
    return shown;
  }

  async ready(...pods: string[]): Promise<void> {
    await this.done("wait", "--for=condition=Ready", "--timeout=120s", ...pods.map((name) => `pod/${name}`));
  }

  /** Starts it, reads what it says until `pattern` appears, and returns how to end it. */
  async until(
    pattern: RegExp,
    ...args: string[]
  ): Promise<{ text: () => string; found: RegExpExecArray; end: () => Promise<void> }> {
    const child = this.kubectl.spawn(["-n", this.namespace, ...args], { stdin: "null" });
    let text = "";
    const reading = [child.stdout, child.stderr].map(async (stream) => {
      for await (const chunk of stream.pipeThrough(new TextDecoderStream())) text += chunk;
    });
    const end = async () => {
      try {
        child.kill("SIGTERM");
      } catch { /* it has ended */ }
      await Promise.all([...reading, child.status]);
    };
    const deadline = Date.now() + patienceMs;
    for (;;) {
      const found = pattern.exec(text);
      if (found) return { text: () => text, found, end };
      if (Date.now() > deadline) {
        await end();
        throw new Error(`kubectl ${args.join(" ")} never said ${pattern}: ${text}`);
      }
      await sleep(50);
    }
  }
}

/** The same test with each kubectl. */
function kubectlTest(
  what: string,
  name: string,
  test: (session: Session, version: KubectlVersion) => Promise<void>,
): void {
  for (const version of kubectlVersions) {
    nodeTest(`kubectl ${version}: ${what}`, {}, async (node) => {
      const session = await Session.start(node, version, name);
      await test(session, version);
      await session.done("delete", "namespace", session.namespace, "--wait=false");
    });
  }
}

const idlePod = (name: string, metadata: Loose = {}, spec: Loose = {}) => pod(name, idle, spec, metadata);
const is120 = (version: KubectlVersion) => version === "1.20";

kubectlTest("create, apply, replace and delete take files, directories and kustomizations", "files", async (k) => {
  equal(
    await k.done(
      "create",
      "-f",
      k.write("a.yaml", [configMap("a", { k: "1" }), idlePod("web", { labels: { app: "web" } })]),
    ),
    "configmap/a created\npod/web created\n",
  );
  match(
    await k.refused("create", "-f", "a.yaml"),
    /Error from server \(AlreadyExists\): error when creating "a\.yaml": configmaps "a" already exists/,
  );
  k.write("a.yaml", configMap("a", { k: "2" }));
  equal(await k.done("replace", "-f", "a.yaml"), "configmap/a replaced\n");
  equal(await k.done("get", "cm", "a", "-o", "jsonpath={.data.k}"), "2");

  Deno.mkdirSync(join(k.dir, "dir"));
  k.write("dir/b.yaml", configMap("b", { k: "1" }));
  k.write("dir/c.json", configMap("c", { k: "1" }));
  equal(await k.done("apply", "-f", "dir"), "configmap/b created\nconfigmap/c created\n");
  equal(await k.done("apply", "-f", "dir"), "configmap/b unchanged\nconfigmap/c unchanged\n");
  k.write("dir/b.yaml", configMap("b", { k: "2" }));
  equal(await k.done("apply", "-f", "dir"), "configmap/b configured\nconfigmap/c unchanged\n");

  Deno.mkdirSync(join(k.dir, "kust"));
  k.write(
    "kust/kustomization.yaml",
    "namePrefix: k-\nresources: [d.yaml]\nconfigMapGenerator:\n- name: made\n  literals: [x=y]\n",
  );
  k.write("kust/d.yaml", configMap("d", { k: "1" }));
  match(await k.done("apply", "-k", "kust"), /^configmap\/k-d created$/m);
  match(await k.done("get", "cm", "-o", "name"), /^configmap\/k-made-[a-z0-9]+$/m);
  match(await k.done("delete", "-k", "kust"), /^configmap "k-d" deleted/m);
  match(await k.done("delete", "-f", "dir"), /configmap "b" deleted[^]*configmap "c" deleted/);
  match(await k.done("delete", "pod", "web", "--now"), /^pod "web" (force )?deleted/);
  match(await k.refused("get", "pod", "web"), /Error from server \(NotFound\): pods "web" not found/);
});

kubectlTest("apply keeps what others have set, and says who is in the way", "apply", async (k, version) => {
  const file = k.write("p.yaml", idlePod("p", { labels: { mine: "1" } }));
  await k.done("apply", "-f", file);
  await k.done("label", "pod", "p", "theirs=1");
  k.write("p.yaml", idlePod("p", { labels: { mine: "2" } }));
  equal(await k.done("apply", "-f", file), "pod/p configured\n");
  equal(await k.done("get", "pod", "p", "-o", "jsonpath={.metadata.labels.mine}{.metadata.labels.theirs}"), "21");
  k.write("p.yaml", idlePod("p", { labels: { other: "3" } }));
  await k.done("apply", "-f", file);
  const labels = JSON.parse(await k.done("get", "pod", "p", "-o", "json")).metadata.labels;
  deepEqual(labels, { theirs: "1", other: "3" });
  if (is120(version)) return;
  const server = ["apply", "--server-side"];
  equal(
    await k.done(...server, "-f", k.write("cm.yaml", configMap("cm", { a: "1" }))),
    "configmap/cm serverside-applied\n",
  );
  k.write("cm.yaml", configMap("cm", { a: "2" }));
  const refusal = await k.refused(...server, "--field-manager=other", "-f", "cm.yaml");
  match(refusal, /Apply failed with 1 conflict: conflict with "kubectl": \.data\.a/);
  await k.done(...server, "--field-manager=other", "--force-conflicts", "-f", "cm.yaml");
  equal(await k.done("get", "cm", "cm", "-o", "jsonpath={.data.a}"), "2");
});

kubectlTest(
  "get prints tables, wide, json, yaml, jsonpath, custom columns, labels and every namespace",
  "get",
  async (k) => {
    await k.done("apply", "-f", k.write("p.yaml", idlePod("p", { labels: { app: "x" } })));
    await k.ready("p");
    match(await k.done("get", "pods"), /^NAME +READY +STATUS +RESTARTS +AGE\np +1\/1 +Running +0 +\d+s\n$/);
    match(
      await k.done("get", "po", "p", "-o", "wide"),
      /IP +NODE +NOMINATED NODE +READINESS GATES\np .* \d+\.\d+\.\d+\.\d+ +node-/,
    );
    equal(JSON.parse(await k.done("get", "pod", "p", "-o", "json")).metadata.name, "p");
    match(await k.done("get", "pod", "p", "-o", "yaml"), /^apiVersion: v1\nkind: Pod\n/);
    equal(await k.done("get", "pods", "-o", "jsonpath={.items[*].metadata.name}"), "p");
    equal(
      await k.done("get", "pods", "-o", "custom-columns=N:.metadata.name,P:.status.phase"),
      "N     P\np     Running\n",
    );
    match(await k.done("get", "pods", "--show-labels"), /LABELS\np .* app=x\n/);
    match(await k.done("get", "pods", "-L", "app"), /APP\np .* x\n/);
    match(await k.done("get", "pods", "-A"), new RegExp(`^NAMESPACE +NAME[^]*\n${k.namespace} +p +1/1`));
    equal(
      await k.done("get", "pods", "-l", "app in (x,y)", "--field-selector=status.phase=Running", "-o", "name"),
      "pod/p\n",
    );
    match(await k.done("get", "pods,cm"), /^NAME[^]*\npod\/p [^]*\nconfigmap\/kube-root-ca\.crt +1 /);
    match(await k.done("get", "pods", "--sort-by=.metadata.name"), /\np /);
    match(await k.done("get", "nodes", "-o", "wide"), /INTERNAL-IP[^]*containerd:\/\//);
    match(await k.done("get", "svc", "-n", "default", "kubernetes"), /ClusterIP +10\.\d+\.\d+\.1 +<none> +443\/TCP/);
    match(await k.done("get", "--raw", "/api/v1/namespaces/default"), /"kind":"Namespace"/);
    match(await k.refused("get", "frobs"), /the server doesn't have a resource type "frobs"/);
  },
);

kubectlTest("get -w tells of every change", "watch", async (k) => {
  await k.done("create", "configmap", "first");
  const watching = await k.until(/first/, "get", "cm", "-w");
  await k.done("create", "configmap", "second", "--from-literal=a=b");
  await k.node.until("the watch tells of it", () => Promise.resolve(/second +1 /.test(watching.text())));
  await k.done("delete", "configmap", "first");
  await watching.end();
});

kubectlTest("describe, logs, events and top tell of pods and the node", "tell", async (k, version) => {
  await k.done(
    "apply",
    "-f",
    k.write(
      "p.yaml",
      pod("p", [container("a", "echo one; echo two; " + idle), container("b", "echo from b; " + idle)]),
    ),
  );
  await k.ready("p");
  const text = await k.done("describe", "pod", "p");
  for (
    const words of [
      /Name: +p\n/,
      /Status: +Running/,
      /Container ID: +containerd:\/\//,
      /Events:[^]*Started/,
      /kube-api-access-/,
    ]
  ) match(text, words);
  match(
    await k.done("describe", "node"),
    /Name: +node-[^]*Conditions:[^]*Ready +True[^]*Non-terminated Pods:[^]*Allocated resources:/,
  );
  for (const [name, last] of [["a", "two"], ["b", "from b"]]) {
    await k.node.until(`${name} has spoken`, async () => (await k.done("logs", "p", "-c", name)).includes(last));
  }
  equal(await k.done("logs", "p", "-c", "a"), "one\ntwo\n");
  equal(await k.done("logs", "p", "-c", "a", "--tail=1"), "two\n");
  match(await k.done("logs", "p", "-c", "a", "--timestamps"), /^\d{4}-\d\d-\d\dT[\d:.]+Z one\n/);
  equal(await k.done("logs", "p", "-c", "a", "--limit-bytes=3"), "one");
  match(await k.done("logs", "p", "--all-containers"), /one\ntwo\nfrom b\n|from b\none\ntwo\n/);
  match(await k.refused("logs", "p", "-c", "nope"), /container nope is not valid for pod p/);
  const follow = await k.until(/two/, "logs", "-f", "p", "-c", "a");
  await follow.end();
  match(await k.done("get", "events", "--field-selector=involvedObject.name=p"), /Normal +Started +pod\/p/);
  if (!is120(version)) match(await k.done("events", "--for=pod/p"), /Normal +Started +Pod\/p/);
  await k.node.until(
    "there are figures",
    async () => /\np +a +\d+m +\d+Mi/.test((await k.run("top", "pod", "p", "--containers")).stdout),
  );
  match(await k.done("top", "pods"), /^NAME +CPU\(cores\) +MEMORY\(bytes\) *\np +\d+m +\d+Mi/);
  match(await k.done("top", "nodes"), /node-\S+ +\d+m +\d+% +\d+Mi +\d+%/);
});

kubectlTest("exec, attach, cp and port-forward reach into pods", "reach", async (k, version) => {
  const talk = 'echo ready; while read line; do echo "heard $line"; done';
  await k.done(
    "apply",
    "-f",
    k.write(
      "p.yaml",
      pod("p", [
        container("main", "mkdir /www && echo within >/www/index.html && httpd -f -p 8080 -h /www", {
          readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 },
        }),
        container("talk", talk, { stdin: true }),
      ]),
    ),
  );
  await k.ready("p");
  equal(await k.done("exec", "p", "-c", "main", "--", "sh", "-c", "echo out; echo err >&2"), "out\n");
  const failed = await k.run("exec", "p", "-c", "main", "--", "sh", "-c", "exit 7");
  equal(failed.code, is120(version) ? 7 : 7);
  match(failed.stderr, /command terminated with exit code 7/);
  const fed = await k.kubectl.feed("a\nb\n", "-n", k.namespace, "exec", "-i", "p", "-c", "main", "--", "wc", "-l");
  equal(fed.stdout.trim(), "2");
  const typed = await k.onTerminal(["echo $((6*7)); tty", "exit"], "exec", "-it", "p", "-c", "main", "--", "sh");
  match(typed, /\b42\r?\n/);
  match(typed, /\/dev\/pts\//);
  const attached = k.kubectl.spawn(["-n", k.namespace, "attach", "-i", "p", "-c", "talk"]);
  const typing = attached.stdin.getWriter();
  // What is said before the streams are joined is not heard.
  const talking = setInterval(() => typing.write(new TextEncoder().encode("hello\n")).catch(() => {}), 200);
  let heard = "";
  for await (const chunk of attached.stdout.pipeThrough(new TextDecoderStream())) {
    heard += chunk;
    if (heard.includes("heard hello")) break;
  }
  clearInterval(talking);
  await typing.close().catch(() => {});
  await attached.stderr.cancel();
  await attached.status;
  match(heard, /heard hello/);

  const big = crypto.getRandomValues(new Uint8Array(60_000));
  const file = new Uint8Array(3_000_000);
  for (let at = 0; at < file.length; at += big.length) {
    file.set(big.subarray(0, Math.min(big.length, file.length - at)), at);
  }
  Deno.writeFileSync(join(k.dir, "big"), file);
  await k.done("cp", "big", "p:/tmp/big", "-c", "main");
  await k.done("cp", "p:/tmp/big", "back", "-c", "main");
  deepEqual(Deno.readFileSync(join(k.dir, "back")), file);

  const forward = await k.until(/Forwarding from 127\.0\.0\.1:(\d+) -> 8080/, "port-forward", "pod/p", ":8080");
  for (let i = 0; i < 3; i++) {
    const { stdout } = await k.node.namespaces.run("busybox", "wget", "-qO-", `http://127.0.0.1:${forward.found[1]}/`);
    equal(stdout, "within\n", forward.text());
  }
  await forward.end();
});

kubectlTest("label, annotate, patch, edit, scale-free changes and diff", "change", async (k) => {
  const object = idlePod("p", { labels: { app: "x" } });
  await k.done("apply", "-f", k.write("p.yaml", object));
  equal(await k.done("label", "pod", "p", "tier=front"), "pod/p labeled\n");
  match(await k.refused("label", "pod", "p", "tier=back"), /already has a value/);
  await k.done("label", "pod", "p", "tier=back", "--overwrite");
  match(await k.done("label", "pod", "p", "tier-"), /^pod\/p (unlabeled|labeled)\n/);
  equal(await k.done("annotate", "pod", "p", "note=hello"), "pod/p annotated\n");
  equal(await k.done("patch", "pod", "p", "-p", `{"metadata":{"labels":{"by":"strategic"}}}`), "pod/p patched\n");
  equal(
    await k.done("patch", "pod", "p", "--type=merge", "-p", `{"metadata":{"labels":{"by":"merge"}}}`),
    "pod/p patched\n",
  );
  equal(
    await k.done(
      "patch",
      "pod",
      "p",
      "--type=json",
      "-p",
      `[{"op":"replace","path":"/metadata/labels/by","value":"json"}]`,
    ),
    "pod/p patched\n",
  );
  equal(await k.done("get", "pod", "p", "-o", "jsonpath={.metadata.labels.by}"), "json");
  match(
    await k.refused("patch", "pod", "p", "-p", `{"spec":{"hostNetwork":true}}`),
    /The Pod "p" is invalid: spec: Forbidden: pod updates may not change fields other than/,
  );
  match(
    await k.refused("patch", "pod", "p", "--type=json", "-p", `[{"op":"test","path":"/metadata/name","value":"q"}]`),
    /The request is invalid/,
  );
  const editor = join(k.dir, k.write("editor", `#!/bin/sh\nsed -i 's/by: json/by: edited/' "$1"\n`));
  Deno.chmodSync(editor, 0o755);
  const { program, args } = k.kubectl.command(["-n", k.namespace, "edit", "pod", "p"]);
  const edited = await new Deno.Command(program, { args, cwd: k.dir, env: { KUBE_EDITOR: editor } }).output();
  match(new TextDecoder().decode(edited.stdout), /pod\/p edited/);
  equal(await k.done("get", "pod", "p", "-o", "jsonpath={.metadata.labels.by}"), "edited");

  await k.done("apply", "-f", k.write("d.yaml", [configMap("d", { a: "1" }), idlePod("q")]));
  equal((await k.run("diff", "-f", "d.yaml")).code, 0, "diff right after apply is not empty");
  const changed = await k.run("diff", "-f", k.write("d.yaml", configMap("d", { a: "2" })));
  equal(changed.code, 1);
  match(changed.stdout, /^- {2}a: "1"\n\+ {2}a: "2"$/m);
});

kubectlTest("run, expose, debug, and what is not there is refused clearly", "misc", async (k, version) => {
  const text = await k.onTerminal(
    ["echo $((6*7))", "exit"],
    "run",
    "once",
    "--rm",
    "-it",
    "--restart=Never",
    `--image=${busyboxImage}`,
    "--image-pull-policy=IfNotPresent",
    "--command",
    "--",
    "sh",
  );
  match(text, /\b42\r?\n/);
  match(text, /pod "once" deleted/);
  match(
    await k.done(
      "run",
      "app",
      `--image=${busyboxImage}`,
      "--image-pull-policy=IfNotPresent",
      "--labels=app=a",
      "--port=80",
      "--command",
      "--",
      "sh",
      "-c",
      idle,
    ),
    /pod\/app created/,
  );
  await k.ready("app");
  equal(await k.done("expose", "pod", "app", "--port=80"), "service/app exposed\n");
  match(await k.done("get", "svc", "app"), /app +ClusterIP +10\.\d+\.\d+\.\d+ +<none> +80\/TCP/);
  const debug = [`--image=${busyboxImage}`, "--image-pull-policy=IfNotPresent", "--target=app", "--", "sh"];
  if (is120(version)) {
    // What it sends was taken away in Kubernetes 1.22, and clusters refuse it too.
    match(
      await k.refused("alpha", "debug", "app", ...debug),
      /cannot be handled as a Pod: no kind "EphemeralContainers"/,
    );
  } else {
    match(await k.onTerminal(["echo $((6*7))", "exit"], "debug", "-it", "app", ...debug), /\b42\r?\n/);
    match(
      await k.done("get", "pod", "app", "-o", "jsonpath={.status.ephemeralContainerStatuses[*].name}"),
      /^debugger-/,
    );
  }
  match(
    await k.refused("rollout", "status", "deployment/x"),
    /doesn't have a resource type "deployment"|could not find the requested resource|NotFound/,
  );
  match(
    await k.refused("create", "deployment", "x", "--image=y"),
    /could not find the requested resource|no matches for kind "Deployment"/,
  );
});

kubectlTest("diff right after apply is empty for every example", "examples", async (k) => {
  const examples = fileURLToPath(new URL("../../examples", import.meta.url));
  const files = [...Deno.readDirSync(examples)].map(({ name }) => name).filter((name) => name.endsWith(".yaml"));
  ok(files.length >= 4, files.join());
  for (const file of files) {
    await k.done("apply", "-f", join(examples, file));
    const { code, stdout, stderr } = await k.run("diff", "-f", join(examples, file));
    equal(code, 0, `${file}: ${stdout}${stderr}`);
    await k.done("delete", "-f", join(examples, file), "--wait=false");
  }
});

kubectlTest(
  "explain, api-resources, api-versions, auth can-i, version and cluster-info",
  "about",
  async (k, version) => {
    match(await k.done("explain", "pod.spec.containers.livenessProbe"), /KIND: +Pod[^]*FIELDS?:[^]*failureThreshold/i);
    match(await k.done("explain", "configmap"), /DESCRIPTION:[^]*data/);
    const resources = await k.done("api-resources");
    for (const kind of ["pods", "services", "endpointslices", "leases", "roles", "persistentvolumeclaims"]) {
      match(
        resources,
        new RegExp(`^${kind} `, "m"),
      );
    }
    match(await k.done("api-versions"), /^rbac\.authorization\.k8s\.io\/v1$/m);
    equal(await k.done("auth", "can-i", "delete", "nodes"), "yes\n");
    match(await k.done("auth", "can-i", "--list"), /\*\.\*/);
    const no = await k.run("auth", "can-i", "create", "pods", `--as=system:serviceaccount:${k.namespace}:default`);
    equal(no.stdout.trim().split(" ")[0], "no", no.stderr);
    match(await k.done("version"), /Server Version: /);
    match(await k.done("cluster-info"), /is running at/);
    const bad = await k.run("create", "-f", k.write("bad.yaml", idlePod("bad", {}, { nonsense: 1 })));
    equal(bad.code, 1);
    match(bad.stderr, is120(version) ? /unknown field "nonsense"/ : /unknown field "spec\.nonsense"/);
    ok((await k.done("get", "pods", "-o", "name")) === "");
  },
);
