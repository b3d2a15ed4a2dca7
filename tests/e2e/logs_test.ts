/** Container logs: the CRI's files, rotation, and what follows them. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { nodeFile } from "../support/node_file.ts";
import { container, finished, pod, statusOf } from "../support/pods.ts";

const maxSize = 20 * 1024;
const { nodeTest } = nodeFile({
  flags: [
    "--container-log-max-size",
    String(maxSize),
    "--container-log-max-files",
    "3",
    "--container-log-monitor-interval",
    "3s",
  ],
});

nodeTest(
  "log files are where kubelet has them, in the CRI's format, one a restart",
  pod("files", container("main", "echo out; sleep 0.2; echo err >&2; sleep 1; exit 1")),
  async (node) => {
    const pod = await node.podUntil("files", "is restarted", (pod) => (statusOf(pod)?.restartCount ?? 0) >= 1);
    const dir = `${node.rootDir}/logs/pods/default_files_${pod.metadata.uid}/main`;
    match(
      Deno.readTextFileSync(`${dir}/0.log`),
      /^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d) stdout F out\n\S+ stderr F err\n$/,
    );
    await node.logged("files", "out");
    ok(Deno.statSync(`${dir}/1.log`).isFile);
  },
);

const lines = 2000;

nodeTest(
  "a growing log is rotated, old files are compressed and removed, and no line is lost in what is kept",
  pod(
    "talks",
    `i=0; while [ $i -lt ${lines} ]; do i=$((i+1)); echo "line $i of a log that grows and grows"; [ $((i % 100)) = 0 ] && sleep 0.6; done; sleep 3600`,
  ),
  async (node) => {
    const follow = node.cli("logs", "-f", "talks");
    const pod = await node.podUntil("talks", "runs", (pod) => statusOf(pod)?.state?.running);
    const dir = node.logDirectory(pod, "main");
    const list = () => [...Deno.readDirSync(dir)].map(({ name }) => name).sort();
    const read = async () =>
      (await node.inside("sh", "-c", `cd ${dir} && { gzip -dc *.gz; cat $(ls 0.log.* | grep -v gz) 0.log; }`)).stdout;
    await node.until(
      "the log is rotated and trimmed to its end",
      async () =>
        list().length === 3 && (await read()).includes(`line ${lines} `) &&
        // too small to be rotated once more
        Deno.statSync(`${dir}/0.log`).size < maxSize,
    );
    const files = list();
    match(files[0], /^0\.log$/);
    match(files[1], /^0\.log\.\d{8}-\d{6}\.gz$/);
    match(files[2], /^0\.log\.\d{8}-\d{6}$/);
    const kept = await read();
    const numbers = [...kept.matchAll(/ F line (\d+) /g)].map(([, n]) => Number(n));
    ok(numbers.length > 100);
    equal(numbers.at(-1), lines);
    deepEqual(numbers, numbers.map((_, i) => numbers[0] + i));
    node.remove("talks.yaml");
    const { code, stdout } = await follow;
    equal(code, 0);
    const seen = [...stdout.matchAll(/^line (\d+) /gm)].map(([, n]) => Number(n));
    equal(seen.at(-1), lines);
    deepEqual(seen, seen.map((_, i) => seen[0] + i));
  },
);

nodeTest(
  "very long lines come through whole",
  pod("long", "head -c 100000 /dev/zero | tr '\\0' x; echo; echo end", { restartPolicy: "Never" }),
  async (node) => {
    await node.podUntil("long", "has ended", finished);
    const { stdout } = await node.cli("logs", "long");
    equal(stdout, "x".repeat(100_000) + "\nend\n");
  },
);
