/** What becomes of the files of the manifest directory: who a pod is, what an edit means, and files that are wrong. */
import { deepEqual, equal, match, notEqual, ok } from "node:assert/strict";
import { join } from "node:path";
import { nodeFile } from "../support/node_file.ts";
import { sleep, type TestNode } from "../support/node.ts";
import { stopwatch } from "../support/own_time.ts";
import {
  ample,
  configMap,
  container,
  containerId,
  idle,
  isReady,
  manifest,
  type Pod,
  pod,
  statusOf,
} from "../support/pods.ts";
import { longestGap, marks, onDisk, probed, watchSteady } from "../support/steady.ts";

const shared = "shared";
const { nodeTest } = nodeFile({
  flags: ["--file-check-frequency", "5s"],
  prepare: (node) => Deno.mkdirSync(join(node.dir, shared)),
});

interface Problem {
  file: string;
  severity: string;
  text: string;
}

async function problems(node: TestNode, file: string): Promise<Problem[]> {
  const { problems } = await (await node.api("/islet/v1/manifests/problems")).json() as { problems: Problem[] };
  return problems.filter((problem) => problem.file.endsWith(`/${file}`));
}

/** Waits until the file has a problem (like `text`), or none if `text` is undefined. */
async function problem(node: TestNode, file: string, text: RegExp | undefined): Promise<void> {
  let last: Problem[] = [];
  await node.until(`${file} has ${text ? `a problem ${text}` : "no problem"}`, async () => {
    last = await problems(node, file);
    return text ? last.some((problem) => text.test(problem.text)) : last.length === 0;
  }, { tell: () => last.map(({ text }) => text).join("\n") });
}

let rounds = 0;

/** Waits until islet has seen everything that was done in the directory before: a file that was written later shows. */
async function settled(node: TestNode): Promise<void> {
  const edition = `e${++rounds}`;
  node.write("zz-round.yaml", manifest(pod("round", idle, {}, { labels: { edition } })));
  await node.podUntil("round", `has label ${edition}`, ({ metadata }) => metadata.labels?.edition === edition);
}

const uidOf = (pod: Pod) => pod.metadata.uid;
const sandboxesOf = async (node: TestNode, name: string) =>
  (await node.sandboxes()).filter(({ metadata }) => metadata?.name === name);

// Forms

nodeTest(
  "several documents, List kinds, JSON and flow style are all read, and pods use ConfigMaps of any file",
  {},
  async (node) => {
    node.write(
      "maps.yml",
      `# ConfigMaps come after pods that use them, too
---
apiVersion: v1
kind: ConfigMap
metadata: {name: forms}
data: {greeting: "hello"}
---
---
apiVersion: v1
kind: Secret
metadata:
  name: forms
stringData:
  word: secret
`,
    );
    const use = {
      env: [
        { name: "GREETING", valueFrom: { configMapKeyRef: { name: "forms", key: "greeting" } } },
        { name: "WORD", valueFrom: { secretKeyRef: { name: "forms", key: "word" } } },
      ],
    };
    const member = (name: string) => pod(name, container("main", `echo $GREETING $WORD; ${idle}`, use));
    node.write("several.yaml", manifest([member("several-a"), member("several-b")]));
    node.write("list.yaml", manifest({ apiVersion: "v1", kind: "List", items: [member("list-a"), member("list-b")] }));
    node.write("podlist.json", JSON.stringify({ apiVersion: "v1", kind: "PodList", items: [member("podlist")] }));
    node.write("plain.json", JSON.stringify(member("json")));
    // As KYAML is written: braces, quoted strings, trailing commas, comments.
    node.write(
      "flow.yaml",
      `---
{
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "flow", }, # a comment
  spec: {
    terminationGracePeriodSeconds: 1,
    containers: [{
      name: "main",
      image: "dev.islet/busybox:1",
      command: ["sh", "-c", "echo $GREETING $WORD; exec sleep 3600"],
      env: [
        { name: "GREETING", value: "hello", },
        { name: "WORD", value: "secret", },
      ],
    }],
  },
}
`,
    );
    for (const name of ["several-a", "several-b", "list-a", "list-b", "podlist", "json", "flow"]) {
      await node.ready(name);
      await node.logged(name, "hello secret");
    }
    // One of several is taken out: only that ends.
    const kept = uidOf((await node.pod("several-b"))!);
    node.write("several.yaml", manifest([member("several-b")]));
    await node.gone("several-a");
    equal(uidOf(await node.ready("several-b")), kept);
    for (const file of ["maps.yml", "several.yaml", "list.yaml", "podlist.json", "plain.json", "flow.yaml"]) {
      deepEqual(await problems(node, file), []);
      node.remove(file);
    }
  },
);

// Identity

nodeTest(
  "an edit of labels and annotations is applied in place: nothing is restarted",
  pod("labels", idle, {}, { labels: { tier: "one" } }),
  async (node) => {
    const before = await node.ready("labels");
    node.write(
      "labels.yaml",
      manifest(pod("labels", idle, {}, { labels: { tier: "two" }, annotations: { note: "edited" } })),
    );
    const after = await node.podUntil("labels", "has the new label", ({ metadata }) => metadata.labels?.tier === "two");
    equal(after.metadata.annotations?.note, "edited");
    deepEqual(marks(after), marks(before));
    await settled(node);
    deepEqual(marks(await node.ready("labels")), marks(before));
  },
);

const scratch = {
  volumeMounts: [{ name: "scratch", mountPath: "/scratch" }],
};
const scratchVolume = { volumes: [{ name: "scratch", emptyDir: {} }] };

nodeTest(
  "an edit of an image replaces the container and keeps the pod: UID, sandbox and emptyDir",
  pod("image", container("main", `echo x >> /scratch/runs; ${idle}`, scratch), scratchVolume),
  async (node) => {
    const before = await node.ready("image");
    const [sandbox] = await sandboxesOf(node, "image");
    const main = container("main", `echo x >> /scratch/runs; ${idle}`, {
      ...scratch,
      image: "dev.islet/busybox-volume:1",
    });
    node.write("image.yaml", manifest(pod("image", main, scratchVolume)));
    const after = await node.podUntil(
      "image",
      "runs the other image",
      (pod) => isReady(pod) && statusOf(pod)?.image === "dev.islet/busybox-volume:1",
    );
    equal(uidOf(after), uidOf(before));
    equal(statusOf(after)?.restartCount, 1);
    notEqual(containerId(after), containerId(before));
    deepEqual((await sandboxesOf(node, "image")).map(({ id }) => id), [sandbox.id]);
    equal(await node.output(after, "cat /scratch/runs; echo $FROM_IMAGE"), "x\nx\nyes");
  },
);

nodeTest(
  "any other edit starts a new incarnation when the old one is gone: new UID, empty emptyDir, no restarts",
  {},
  async (node) => {
    const incarnation = (edition: string) =>
      pod("spec", [
        container(
          "main",
          `test -e /scratch/first || { touch /scratch/first; test $EDITION = two || exit 1; }
          echo "$EDITION starts" >> /order; ls /scratch | wc -l >> /order
          trap 'sleep 1; echo "$EDITION ends" >> /order; exit 0' TERM; while :; do sleep 3600 & wait $!; done`,
          {
            ...scratch,
            env: [{ name: "EDITION", value: edition }],
            volumeMounts: [...scratch.volumeMounts, { name: "order", mountPath: "/order" }],
          },
        ),
      ], {
        ...ample,
        volumes: [
          ...scratchVolume.volumes,
          { name: "order", hostPath: { path: join(node.dir, shared, "order"), type: "FileOrCreate" } },
        ],
      });
    node.write("spec.yaml", manifest(incarnation("one")));
    const before = await node.podUntil(
      "spec",
      "is restarted",
      (pod) => isReady(pod) && statusOf(pod)?.restartCount === 1,
    );
    await node.output(before, "touch /scratch/second");
    node.write("spec.yaml", manifest(incarnation("two")));
    const after = await node.podUntil("spec", "is another", (pod) => isReady(pod) && uidOf(pod) !== uidOf(before));
    equal(statusOf(after)?.restartCount, 0);
    equal(after.metadata.generation, 1);
    equal(Deno.readTextFileSync(join(node.dir, shared, "order")), "one starts\n1\none ends\ntwo starts\n1\n");
    deepEqual((await sandboxesOf(node, "spec")).map(({ metadata }) => metadata?.uid), [uidOf(after)]);
    ok(Date.parse(after.metadata.creationTimestamp!) >= Date.parse(before.metadata.creationTimestamp!));
    node.remove("spec.yaml");
    await node.gone("spec");
    ok(Deno.readTextFileSync(join(node.dir, shared, "order")).endsWith("two ends\n"));
  },
);

nodeTest(
  "removing and adding the same file converges however quickly it is repeated",
  pod("again", idle),
  async (node) => {
    const before = await node.ready("again");
    const text = manifest(pod("again", idle));
    for (const pause of [0, 0, 20, 100, 200, 300, 400, 50, 0, 700, 10, 0]) {
      node.remove("again.yaml");
      await sleep(pause);
      node.write("again.yaml", text);
      await sleep(pause / 2);
    }
    await settled(node);
    const after = await node.ready("again");
    // One sandbox and one container, of the pod that the API shows; it may take a moment until the last one's are removed.
    await node.until("one sandbox is left of pod again", async () => {
      const uids = (await sandboxesOf(node, "again")).map(({ metadata }) => metadata?.uid);
      return uids.length === 1 && uids[0] === uidOf(after);
    });
    const containers = (await node.containers()).filter(({ labels }) => labels["io.kubernetes.pod.name"] === "again");
    deepEqual(containers.map(({ id }) => id), [containerId(after)]);
    equal(statusOf(after)?.restartCount, 0);
    // Away for longer than an editor needs: that is another pod.
    node.remove("again.yaml");
    await node.gone("again");
    node.write("again.yaml", text);
    const other = await node.ready("again");
    notEqual(uidOf(other), uidOf(after));
    notEqual(uidOf(other), uidOf(before));
  },
);

nodeTest(
  "touching, rewriting, replacing or renaming an unchanged file changes nothing",
  pod("untouched"),
  async (node) => {
    const steady = await watchSteady(node, ["untouched"]);
    const file = join(node.manifests, "untouched.yaml");
    const text = Deno.readTextFileSync(file);
    Deno.utimeSync(file, new Date(), new Date());
    await settled(node);
    Deno.writeTextFileSync(file, text);
    await settled(node);
    // in one moment, however busy the machine is
    node.paused(() => {
      Deno.removeSync(file);
      Deno.writeTextFileSync(file, text);
    });
    await settled(node);
    Deno.chmodSync(file, 0o600);
    node.write("untouched.yaml", `# a comment\n${text}\n---\n`);
    await settled(node);
    Deno.renameSync(file, join(node.manifests, "renamed.yml"));
    await node.podUntil(
      "untouched",
      "comes from the renamed file",
      ({ metadata }) => metadata.annotations?.["dev.islet/source-file"] === join(node.manifests, "renamed.yml"),
    );
    await steady();
    // Its objects moved into another file, the old one removed a moment later.
    node.write("moved.json", manifest(pod("untouched")));
    await settled(node);
    node.remove("renamed.yml");
    await node.podUntil(
      "untouched",
      "comes from the other file",
      ({ metadata }) => metadata.annotations?.["dev.islet/source-file"] === join(node.manifests, "moved.json"),
    );
    await steady();
    deepEqual(await problems(node, "moved.json"), []);
  },
);

// Files that are wrong

const broken = (name: string) =>
  manifest(pod(name)).replace('"name": "main"', '"name": "Main_1"').replace('"spec"', '"unknownField": 1,\n "spec"');

nodeTest(
  "a broken file keeps its last good version running and shows every error, in events, in the API and in islet get, across restarts too",
  [pod("kept"), pod("kept-too")],
  async (node) => {
    const steady = await watchSteady(node, ["kept", "kept-too"]);
    const text = manifest([pod("kept"), pod("kept-too")]);
    const wrong = text.replace('"name": "main"', '"name": "Main_1"')
      .replace(
        '"terminationGracePeriodSeconds": 1',
        '"terminationGracePeriodSeconds": -1, "restartPolicy": "Sometimes"',
      );
    node.write("kept.yaml", wrong);
    const place =
      /kept\.yaml:\d+:\d+: spec\.containers\[0\]\.name: Invalid value: "Main_1": a lowercase RFC 1123 label/;
    await problem(node, "kept.yaml", place);
    const texts = (await problems(node, "kept.yaml")).map(({ text }) => text).join("\n");
    match(texts, /spec\.restartPolicy: Unsupported value: "Sometimes"/);
    for (const name of ["kept", "kept-too"]) {
      const event = await node.event(name, "FailedToParseManifest", "spec.containers[0].name");
      match(event.message, place);
      equal(event.type, "Warning");
    }
    const get = await node.cli("get", "pods");
    match(get.stdout, /^kept .*Running/m);
    match(get.stderr, place);
    match((await node.cli("get", "problems")).stdout, place);
    equal(node.log().split("A manifest cannot be used").filter((part) => part.includes("Main_1")).length, 1);
    await steady();

    await node.kill9();
    await node.startIslet();
    await problem(node, "kept.yaml", place);
    await steady();
    match((await node.cli("get", "pods")).stderr, place);
    await node.event("kept", "FailedToParseManifest", "spec.containers[0].name");

    // A file that is empty, as after a power cut, or no manifest at all
    for (
      const [text, error] of [["", /it is empty/], ["\0".repeat(100), /it is empty/], ["kind: [", /YAML/], [
        "hello",
        /./,
      ]] as const
    ) {
      node.write("kept.yaml", text);
      await problem(node, "kept.yaml", error);
      await steady();
    }
    node.write("kept.yaml", manifest([pod("kept", idle, {}, { labels: { mended: "yes" } }), pod("kept-too")]));
    await node.podUntil(
      "kept",
      "has the label of the mended file",
      ({ metadata }) => metadata.labels?.mended === "yes",
    );
    await problem(node, "kept.yaml", undefined);
    await steady();
    equal((await node.cli("get", "pods")).stderr, "");
  },
);

nodeTest("a pod whose file was never right is shown with its errors in islet get", {}, async (node) => {
  node.write("never.yaml", broken("never"));
  await problem(node, "never.yaml", /^never\.yaml:\d+:\d+: spec\.containers\[0\]\.name: Invalid value: "Main_1"/);
  const { code, stdout, stderr } = await node.cli("get", "pods", "never");
  equal(code, 1);
  match(stderr, /pods "never" not found/);
  match(stderr, /never\.yaml:\d+:\d+: spec\.containers\[0\]\.name: Invalid value/);
  equal(stdout, "");
  equal(await node.pod("never"), undefined);
  node.remove("never.yaml");
  await problem(node, "never.yaml", undefined);
});

nodeTest("an unknown field is a warning, and the pod runs", {}, async (node) => {
  node.write("extra.yaml", manifest(pod("extra")).replace('"spec"', '"unknownField": 1,\n "spec"'));
  await node.ready("extra");
  const [warning] = await problems(node, "extra.yaml");
  equal(warning.severity, "warning");
  match(warning.text, /unknown field "unknownField"/);
  node.remove("extra.yaml");
});

nodeTest("half-written files are waited for, and hidden and temporary files passed over", {}, async (node) => {
  const text = manifest(pod("half"));
  const encoder = new TextEncoder();
  let name = "";
  /** Writes it piece by piece; false when the machine was so slow that the file may have been taken for one that stays half. */
  const written = async () => {
    using file = Deno.openSync(join(node.manifests, name), { write: true, createNew: true });
    const piece = Math.ceil(text.length / 8);
    for (let at = 0, last = performance.now(); at < text.length; at += piece, last = performance.now()) {
      file.writeSync(encoder.encode(text.slice(at, at + piece)));
      await sleep(100);
      const found = await problems(node, name);
      if (performance.now() - last > 800) return false;
      deepEqual(found, []);
    }
    return true;
  };
  for (let attempt = 1;; attempt++) {
    name = `half-${attempt}.yaml`;
    if (await written()) break;
    ok(attempt < 20, "this machine never gets round to it");
    node.remove(name);
  }
  const temporary = [
    ".hidden.yaml",
    "swap.yaml.swp",
    "backup.yaml~",
    "#emacs.yaml#",
    "new.yaml.tmp",
    "notes.txt",
    "old.yaml.bak",
  ];
  temporary.forEach((name, at) => Deno.writeTextFileSync(join(node.manifests, name), manifest(pod(`temporary-${at}`))));
  Deno.mkdirSync(join(node.manifests, "directory.yaml"));
  Deno.writeTextFileSync(join(node.manifests, "directory.yaml/inner.yaml"), manifest(pod("temporary-inner")));
  await node.ready("half");
  ok(!node.log().includes(`${name}:`), "no error was told of the file while it was written");
  await settled(node);
  deepEqual(
    (await node.pods()).map(({ metadata }) => metadata.name).filter((name) => name.startsWith("temporary")),
    [],
  );
  // One that stays half is told of, and mended by the rest.
  const rest = Deno.openSync(join(node.manifests, name), { write: true, truncate: true });
  const next = manifest(pod("half", idle, {}, { labels: { whole: "again" } }));
  rest.writeSync(encoder.encode(next.slice(0, next.length / 2)));
  await problem(node, name, /YAML|Cannot/);
  ok(isReady((await node.pod("half"))!));
  rest.writeSync(encoder.encode(next.slice(next.length / 2)));
  rest.close();
  await problem(node, name, undefined);
  await node.podUntil("half", "has its new label", ({ metadata }) => metadata.labels?.whole === "again");
  for (const name of temporary) node.remove(name);
});

nodeTest(
  "the same pod in two files: the one that runs stays, and the other file is told of",
  pod("twice"),
  async (node) => {
    const steady = await watchSteady(node, ["twice"]);
    node.write("a-second.yaml", manifest(pod("twice", "sleep 1234")));
    await problem(node, "a-second.yaml", /Pod default\/twice is defined in .*twice\.yaml too; that one is used/);
    await settled(node);
    await steady();
    await node.restart();
    await problem(node, "a-second.yaml", /Pod default\/twice is defined in .*twice\.yaml too/);
    await steady();
    // Once it is alone the other file's pod takes the place.
    const uid = uidOf((await node.pod("twice"))!);
    node.remove("twice.yaml");
    const second = await node.podUntil("twice", "is the other file's", (pod) => isReady(pod) && uidOf(pod) !== uid);
    equal(second.spec.containers[0].command?.[2], "sleep 1234");
    await problem(node, "a-second.yaml", undefined);
  },
);

// Bombs

const list = (name: string) => ({ name, image: "dev.islet/busybox:1", command: ["sleep", "3600"] });
const bombs: { name: string; text: string | (() => string); problem: RegExp }[] = [
  {
    name: "aliases of aliases (a billion laughs)",
    text: () => {
      const lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"];
      for (let i = 1; i < 12; i++) lines.push(`a${i}: &a${i} [${Array(10).fill(`*a${i - 1}`).join(", ")}]`);
      return lines.join("\n") + "\n";
    },
    problem: /more than \d+ values|alias/i,
  },
  {
    name: "a value that contains itself",
    text: "apiVersion: v1\nkind: Pod\nmetadata: &m\n  name: x\n  labels: *m\n",
    problem: /alias \*m refers to a value that it is part of/,
  },
  {
    name: "20,000 opening brackets",
    text: "[".repeat(20_000),
    problem: /nested more than \d+ levels deep/,
  },
  {
    name: "20,000 nested sequences in block style",
    text: "- ".repeat(20_000) + "x\n",
    problem: /nested more than \d+ levels deep/,
  },
  {
    name: "30,000 merge keys",
    text: () =>
      `base: &base {${Array.from({ length: 100 }, (_, i) => `k${i}: ${i}`).join(", ")}}\nmany:\n` +
      "- <<: *base\n".repeat(30_000),
    problem: /./,
  },
  {
    name: "a file of more than 1 MiB",
    text: () => `# ${"x".repeat(1024 * 1024)}\n${manifest(pod("large"))}`,
    problem: /more than 1048576/,
  },
  {
    name: "text that is not UTF-8",
    text: "apiVersion: v1\nkind: \xff\n",
    problem: /not UTF-8/,
  },
  {
    name: "200 kB of quotes that never end",
    text: () => `apiVersion: v1\nkind: Pod\nmetadata:\n  name: "${"\\x41 ".repeat(40_000)}`,
    problem: /YAML/,
  },
];

nodeTest(
  "each YAML bomb is an error within 5 seconds, while probes go on and readiness never flips",
  probed("prober"),
  async (node) => {
    const steady = await watchSteady(node, ["prober"]);
    const since = Date.now(), whole = stopwatch();
    for (const { name, text, problem: expected } of bombs) {
      const content = typeof text === "string" ? text : text();
      const path = join(node.manifests, "bomb.yaml");
      Deno.writeFileSync(
        `${path}.tmp`,
        name.includes("UTF-8") ? Uint8Array.from(content, (c) => c.charCodeAt(0)) : new TextEncoder().encode(content),
      );
      Deno.renameSync(`${path}.tmp`, path);
      const watch = stopwatch();
      await problem(node, "bomb.yaml", expected).catch((err) => {
        throw new Error(`${name}: ${err.message}`);
      });
      ok(watch.ownMs < 5000, `${name} took ${watch.ownMs} ms`);
      node.remove("bomb.yaml");
      await problem(node, "bomb.yaml", undefined);
    }
    await steady();
    const gap = longestGap(node, await node.ready("prober"), since) - whole.ms + whole.ownMs;
    ok(gap < 3000, `the longest time between two probes was ${gap} ms`);
  },
);

nodeTest(
  "large but honest manifests are used within 5 seconds, while probes go on and readiness never flips",
  {},
  async (node) => {
    const steady = await watchSteady(node, ["prober"]);
    const since = Date.now(), whole = stopwatch();
    const applied = async (name: string, kind: string) => {
      const watch = stopwatch();
      await node.until(`${kind} ${name} is stored`, () => node.log().includes(`Store ${kind} default/${name}`));
      ok(watch.ownMs < 5000, `it took ${watch.ownMs} ms until ${kind} ${name} was stored`);
    };
    // 60,000 keys
    const data = Array.from({ length: 60_000 }, (_, i) => `  k${i}: "${i % 10}"`).join("\n");
    node.write("keys.yaml", `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: keys\ndata:\n${data}\n`);
    await applied("keys", "ConfigMap");
    // 1,000 objects
    node.write(
      "thousand.yaml",
      manifest(Array.from({ length: 1000 }, (_, i) => configMap(`map-${i}`, { i: String(i) }))),
    );
    await applied("map-999", "ConfigMap");
    // A mapping that is merged into many
    node.write(
      "merged.yaml",
      `apiVersion: v1
kind: Pod
metadata: {name: merged}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - &base {name: a, image: "dev.islet/busybox:1", command: [sleep, "3600"]}
  - {<<: *base, name: b}
`,
    );
    await node.ready("merged");
    deepEqual((await node.pod("merged"))!.spec.containers.map(({ name, image }) => ({ ...list(name), image })), [
      list("a"),
      list("b"),
    ]);
    for (const file of ["keys.yaml", "thousand.yaml", "merged.yaml"]) {
      deepEqual(await problems(node, file), []);
      node.remove(file);
    }
    await node.gone("merged");
    await steady();
    const gap = longestGap(node, await node.ready("prober"), since) - whole.ms + whole.ownMs;
    ok(gap < 3000, `the longest time between two probes was ${gap} ms`);
  },
);

nodeTest("symbolic links: good ones are followed, cycles and dead ends are told of", {}, async (node) => {
  const steady = await watchSteady(node, ["prober"]);
  const link = (target: string, name: string) => Deno.symlinkSync(target, join(node.manifests, name));
  link("cycle-b.yaml", "cycle-a.yaml");
  link("cycle-a.yaml", "cycle-b.yaml");
  link("self.yaml", "self.yaml");
  link("/no/such/file.yaml", "dangling.yaml");
  link(".", "directory-link.yaml");
  const target = join(node.dir, shared, "linked.txt");
  Deno.writeTextFileSync(target, manifest(pod("linked")));
  link(target, "linked.yaml");
  for (const name of ["cycle-a.yaml", "cycle-b.yaml", "self.yaml"]) {
    await problem(node, name, /symbolic links go round in a circle/);
  }
  await problem(node, "dangling.yaml", /symbolic link to nothing/);
  await node.ready("linked");
  for (const name of ["cycle-a.yaml", "cycle-b.yaml", "self.yaml", "dangling.yaml", "directory-link.yaml"]) {
    node.remove(name);
  }
  await problem(node, "self.yaml", undefined);
  node.remove("linked.yaml");
  await node.gone("linked");
  await steady();
});

// While islet was down

nodeTest(
  "what changed in the directory while islet was down is noticed when it starts",
  [pod("down-kept"), pod("down-labelled")],
  async (node) => {
    node.write("down-removed.yaml", manifest(pod("down-removed")));
    node.write("down-edited.yaml", manifest(pod("down-edited", "sleep 1111")));
    node.write("down-twice.yaml", manifest(pod("down-twice")));
    const names = ["down-edited", "down-removed", "down-twice"];
    const before = new Map<string, Pod>();
    for (const name of names) before.set(name, await onDisk(node, name));
    const steady = await watchSteady(node, ["down-kept"]);
    const labelled = await onDisk(node, "down-labelled");
    await node.kill9();
    node.remove("down-removed.yaml");
    node.write("down-edited.yaml", manifest(pod("down-edited", "sleep 2222")));
    node.write("down-added.yaml", manifest(pod("down-added")));
    node.write(
      "down-kept.yaml",
      manifest([pod("down-kept"), pod("down-labelled", idle, {}, { labels: { new: "yes" } })]),
    );
    Deno.renameSync(join(node.manifests, "down-twice.yaml"), join(node.manifests, "down-renamed.yaml"));
    await node.startIslet();
    await node.gone("down-removed");
    await node.ready("down-added");
    const edited = await node.podUntil(
      "down-edited",
      "is another",
      (pod) => isReady(pod) && uidOf(pod) !== uidOf(before.get("down-edited")!),
    );
    equal(edited.spec.containers[0].command?.[2], "sleep 2222");
    const label = await node.podUntil(
      "down-labelled",
      "has the label",
      ({ metadata }) => metadata.labels?.new === "yes",
    );
    deepEqual(marks(label), marks(labelled));
    deepEqual(marks(await node.ready("down-twice")), marks(before.get("down-twice")!));
    await steady();
  },
);
