/**
 * islet as a service on a Debian of its own, with systemd, cgroup v2 and the systemd driver: one guest, emulated by qemu,
 * that is installed, used, shut down, booted again without a network, and cleaned. The tests follow each other.
 */
import { deepEqual, equal, match, notEqual, ok } from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Pod } from "../../agent/objects/mod.ts";
import { podRequests, qosClass } from "../../agent/resources/mod.ts";
import { container, manifest, pod } from "../support/pods.ts";
import { Guest, guestDisk } from "./guest.ts";
import { makePayload } from "./payload.ts";
import { rootImage } from "./root_image.ts";

const repository = fileURLToPath(new URL("../..", import.meta.url));
const binary = Deno.env.get("ISLET_BIN") ?? join(repository, "dist/islet");
/** Run inside the guest, where cgroup v2 is: end-to-end tests that run on any machine, and those that want cgroup v2. */
const inside = [
  ...[
    "admission",
    "cpus",
    "eviction",
    "eviction_disk",
    "greedy_neighbours",
    "limits",
    "live_pods",
    "resources",
    "stats",
  ]
    .map((name) => `tests/e2e/${name}_test.ts`),
  ...["io_weight", "memory_qos", "oom", "pressure"].map((name) => `tests/vm/inside/${name}_test.ts`),
];

const began = performance.now();
const say = (message: string) => console.log(`[${((performance.now() - began) / 1000).toFixed(0)} s] ${message}`);

const dir = await Deno.makeTempDir({ prefix: "islet-vm-" });
const image = await rootImage(say);
const payload = await makePayload(dir, binary, inside);
const disk = await guestDisk(dir, image);
const boot = (network: boolean) => Guest.boot({ dir, image, disk, payload: payload.disk, network });
let guest = await boot(true);
say("the guest has booted");

globalThis.addEventListener("unload", () => {
  void guest.kill();
  Deno.removeSync(dir, { recursive: true });
});

function vmTest(name: string, work: () => Promise<void>): void {
  Deno.test({
    name,
    sanitizeOps: false,
    sanitizeResources: false,
    async fn() {
      try {
        await work();
      } finally {
        say(name);
      }
    },
  });
}

/** Idles, and writes its name when it is told to end. */
const noting = (name: string, more: Record<string, unknown> = {}) =>
  pod(
    name,
    container("main", `trap 'echo ${name} >> /shared/ended; exit 0' TERM; while :; do sleep 3600 & wait $!; done`, {
      volumeMounts: [{ name: "shared", mountPath: "/shared" }],
      resources: { requests: { cpu: "100m", memory: "16Mi" }, limits: { cpu: "200m", memory: "32Mi" } },
    }),
    { ...more, volumes: [{ name: "shared", hostPath: { path: "/var/shared", type: "DirectoryOrCreate" } }] },
  );

const write = async (file: string, text: string) =>
  void await guest.output(`cat > /etc/islet/manifests/.new <<'END'\n${text}\nEND
mv /etc/islet/manifests/.new /etc/islet/manifests/${file}`);

const api = "curl -sf --unix-socket /run/islet/islet.sock http://localhost/api/v1";
const podPath = `${api}/namespaces/default/pods`;

async function pods(): Promise<Map<string, Pod>> {
  const text = await guest.output(`${api}/pods`);
  return new Map((JSON.parse(text).items as Pod[]).map((pod) => [pod.metadata.name, pod]));
}

const isReady = ({ status }: Pod) =>
  status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True");

async function ready(...names: string[]): Promise<Map<string, Pod>> {
  for (const end = performance.now() + 600_000;;) {
    const all = await pods().catch(() => new Map<string, Pod>());
    if (names.every((name) => all.has(name) && isReady(all.get(name)!))) return all;
    if (performance.now() > end) {
      const told = await guest.run(
        "islet get pods -A -o wide; islet events -A | tail -30; journalctl -u islet -n 60 -o cat",
      );
      throw new Error(`Waited in vain until ${names} are ready\n${told.output}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}

/** Waits until an assertion holds. */
async function eventually(what: string, holds: () => Promise<void>): Promise<void> {
  for (const end = performance.now() + 600_000;;) {
    try {
      return await holds();
    } catch (err) {
      if (performance.now() > end) throw new Error(`Waited in vain until ${what}`, { cause: err });
    }
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}

/** What would change if a container were restarted: a line each, with its process. */
async function lives(): Promise<string[]> {
  const [all, tasks] = [await pods(), await guest.output("ctr -a /run/islet/containerd.sock -n k8s.io tasks ls")];
  const processes = new Map(tasks.split("\n").map((line) => [line.split(/\s+/)[0], line.replace(/\s+/g, " ")]));
  return running.flatMap((name) => {
    const { containerStatuses = [], initContainerStatuses = [] } = all.get(name)?.status ?? {};
    return [...initContainerStatuses, ...containerStatuses].filter(({ state }) => state?.running).map((each) =>
      `${name}/${each.name} ${processes.get(each.containerID!.split("//")[1])}`
    );
  });
}

const containerdPid = () => guest.output("systemctl show -p MainPID --value islet-containerd");

const running = ["web", "journal", "ordinary", "critical", "from-api"];

vmTest(
  "islet install makes the node a service, says each step, and changes nothing when it is said again",
  async () => {
    const dry = await guest.output("/payload/islet install --dry-run");
    match(dry, /islet\.service starts/);
    equal((await guest.run("ls /usr/local/bin/islet /etc/islet")).code, 2);
    const said = await guest.output("/payload/islet install");
    for (const path of ["/usr/local/bin/islet", "/etc/islet/config.yaml", "/etc/systemd/system/islet.service"]) {
      ok(said.includes(`${path}: made`), said);
    }
    equal(await guest.output("systemctl is-active islet islet-containerd"), "active\nactive");
    equal(await guest.output("systemctl is-enabled islet"), "enabled");
    const again = await guest.output("islet install");
    ok(!again.includes("▸"), again);
    match(again, /islet\.service: runs/);
    match(await guest.output("systemctl status islet"), /Status: "Node guest runs"/);
    match(await guest.output("islet check"), /This machine can be a node/);
    equal((await guest.run("systemd-analyze verify /etc/systemd/system/islet*.service")).output, "");
  },
);

vmTest(
  "the example pods run under systemd in slices of cgroup v2, with the weights and limits that they ask for",
  async () => {
    await guest.output(
      "mkdir -p /var/lib/islet/images && cp /payload/images.tar /var/lib/islet/images/ && " +
        "cp /payload/islet-source/examples/{web,sidecar,crash,hog}.yaml /etc/islet/manifests/",
    );
    await write(
      "noting.yaml",
      manifest([noting("ordinary"), noting("critical", { priorityClassName: "system-node-critical" })]),
    );
    await guest.output(`islet apply -f - <<'END'\n${manifest(noting("from-api"))}\nEND`);
    const all = await ready(...running);
    const uid = all.get("ordinary")!.metadata.uid!.replaceAll("-", "_");
    const slice = `/sys/fs/cgroup/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${uid}.slice`;
    const read = (path: string) => guest.output(`cat ${path}`);
    // 1 + (102 − 2)·9999/262142
    equal(await read(`${slice}/cpu.weight`), "4");
    equal(await read(`${slice}/cpu.max`), "20000 100000");
    equal(await read(`${slice}/memory.max`), String(32 * 2 ** 20));
    const id = all.get("ordinary")!.status!.containerStatuses![0].containerID!.split("//")[1];
    const scope = `${slice}/cri-containerd-${id}.scope`;
    equal(await read(`${scope}/cpu.max`), "20000 100000");
    equal(await read(`${scope}/memory.max`), String(32 * 2 ** 20));
    match(await guest.output(`systemctl show -p ActiveState kubepods-burstable-pod${uid}.slice`), /=active/);
    match(await guest.output("cat /proc/$(systemctl show -p MainPID --value islet)/cgroup"), /islet\.service$/);
    match(await guest.output("cat /proc/$(systemctl show -p MainPID --value islet)/oom_score_adj"), /^-999$/);
  },
);

/** A slice's files, and the same as systemd would write them again. */
async function slice(name: string, files: string[], properties: string[]): Promise<[string[], string[]]> {
  const parts = name.replace(".slice", "").split("-");
  const path = parts.map((_, at) => `${parts.slice(0, at + 1).join("-")}.slice`).join("/");
  const read = await guest.output(`cd /sys/fs/cgroup/${path} && cat ${files.join(" ")}`);
  const shown = await guest.output(
    properties.map((property) => `systemctl show --value -p ${property} ${name}`).join("; "),
  );
  return [read.split("\n"), shown.split("\n")];
}

vmTest("an in-place resize reaches slice and scope, restarts nothing, and systemd keeps it", async () => {
  const before = (await ready("from-api")).get("from-api")!;
  const amounts = { requests: { cpu: "200m", memory: "24Mi" }, limits: { cpu: "300m", memory: "48Mi" } };
  await guest.output(
    `${podPath}/from-api/resize -X PATCH -H 'content-type: application/strategic-merge-patch+json' -d '${
      JSON.stringify({ spec: { containers: [{ name: "main", resources: amounts }] } })
    }'`,
  );
  const uid = before.metadata.uid!.replaceAll("-", "_");
  const id = before.status!.containerStatuses![0].containerID!.split("//")[1];
  const name = `kubepods-burstable-pod${uid}.slice`;
  const scope = `/sys/fs/cgroup/kubepods.slice/kubepods-burstable.slice/${name}/cri-containerd-${id}.scope`;
  // 1 + (204 − 2)·9999/262142
  const expected = ["8", "30000 100000", String(48 * 2 ** 20)];
  const files = ["cpu.weight", "cpu.max", "memory.max"];
  const reads = `$(cat ${files.map((file) => `${scope}/${file}`).join(" ")} | paste -sd,)`;
  await guest.until("the container has it", `[ "${reads}" = "${expected.join(",")}" ]`, `echo "${reads}"`);
  const both = [expected, ["8", "300ms", String(48 * 2 ** 20)]];
  const shown = () => slice(name, files, ["CPUWeight", "CPUQuotaPerSecUSec", "MemoryMax"]);
  await eventually("the pod's slice has it", async () => deepEqual(await shown(), both));
  await guest.output("systemctl daemon-reload");
  deepEqual(await shown(), both);
  equal(await guest.output(`cat ${files.map((file) => `${scope}/${file}`).join(" ")}`), expected.join("\n"));
  const after = (await pods()).get("from-api")!.status!.containerStatuses![0];
  deepEqual([after.containerID!.split("//")[1], after.restartCount], [id, 0]);
});

vmTest("in cgroup v2 a busy container is held to its quota and a memory hog is OOMKilled, alone", async () => {
  await guest.until(
    "the hog is killed",
    `${podPath}/hog | grep -Eq '"reason": ?"OOMKilled"'`,
    "islet get pods; islet describe pod hog",
  );
  await write(
    "busy.yaml",
    manifest(pod("busy", container("main", "while :; do :; done", { resources: { limits: { cpu: "100m" } } }))),
  );
  const busy = (await ready("busy")).get("busy")!;
  const slice = `/sys/fs/cgroup/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${
    busy.metadata.uid!.replaceAll("-", "_")
  }.slice`;
  const stat = async () =>
    Object.fromEntries(
      (await guest.output(`cat ${slice}/cpu.stat; echo now $(date +%s%6N)`)).split("\n").map((line) => {
        const [name, value] = line.split(" ");
        return [name, Number(value)];
      }),
    );
  const before = await stat();
  await guest.output("sleep 10");
  const after = await stat();
  const share = (after.usage_usec - before.usage_usec) / (after.now - before.now);
  ok(after.nr_throttled > before.nr_throttled, "it was never throttled");
  ok(share > 0.05 && share < 0.105, `it used ${share} of a core`);
  await guest.output("rm /etc/islet/manifests/busy.yaml");
  equal((await pods()).get("web")!.status!.containerStatuses![0].restartCount, 0);
});

vmTest(
  "systemctl restart islet restarts no container, nor does kill -9, nor a hang that the watchdog ends",
  async () => {
    await guest.output("rm -f /etc/islet/manifests/{crash,hog}.yaml");
    for (const name of ["busy", "crash", "hog"]) {
      await guest.until(
        `nothing is left of ${name}`,
        `[ "$(${podPath}/${name} -o /dev/null -w '%{http_code}')" = 404 ]`,
      );
    }
    const [before, containerd] = [await lives(), await containerdPid()];
    equal(before.length, running.length + 1);
    const main = () => guest.output("systemctl show -p MainPID --value islet");
    let pid = await main();
    const anew = async (what: string) => {
      await guest.until(
        what,
        `p=$(systemctl show -p MainPID --value islet); [ $p != 0 ] && [ $p != ${pid} ] && systemctl is-active islet`,
      );
      await ready(...running);
      deepEqual(await lives(), before, what);
      notEqual(await main(), pid);
      pid = await main();
    };
    await guest.output("systemctl restart islet");
    await anew("islet has been restarted");
    await guest.output(`kill -9 ${pid}`);
    await anew("islet was killed and is back");
    await guest.output(
      "mkdir -p /run/systemd/system/islet.service.d && " +
        "printf '[Service]\nWatchdogSec=15\n' > /run/systemd/system/islet.service.d/test.conf && " +
        "systemctl daemon-reload && systemctl restart islet",
    );
    await anew("islet runs with a short watchdog");
    await guest.output(`kill -STOP ${pid}`);
    await anew("the watchdog has ended islet, which is back");
    match(await guest.output("journalctl -u islet -o cat --no-pager | grep -i watchdog"), /Watchdog timeout/);
    await guest.output(
      "rm -r /run/systemd/system/islet.service.d && systemctl daemon-reload && systemctl restart islet",
    );
    await anew("islet runs as before");
    equal(await containerdPid(), containerd);
  },
);

vmTest("MemoryQoS and the disk's weights are properties of the slices, and go with the configuration", async () => {
  const config = "/etc/islet/config.yaml";
  await guest.output(`cp ${config} /root/config.yaml; cat >> ${config} <<'END'
featureGates: { MemoryQoS: true }
memoryReservationPolicy: TieredReservation
---
apiVersion: islet.dev/v1alpha1
kind: IsletConfiguration
ioWeight: { burstable: 200, bestEffort: 10 }
END
systemctl restart islet`);
  const all = await ready(...running);
  const requested = running.map((name) => all.get(name)!).filter((pod) => qosClass(pod) === "Burstable")
    .reduce((sum, pod) => sum + podRequests(pod).memory, 0);
  ok(requested >= 3 * 16 * 2 ** 20, String(requested));
  const files = ["memory.low", "io.weight"], properties = ["MemoryLow", "IOWeight"];
  const low = String(requested);
  const burstable = () => slice("kubepods-burstable.slice", files, properties);
  await eventually(
    "the class is protected as its pods are",
    async () => deepEqual(await burstable(), [[low, "default 200"], [low, "200"]]),
  );
  deepEqual(await slice("kubepods-besteffort.slice", files, properties), [["0", "default 10"], ["0", "10"]]);
  deepEqual(await slice("kubepods.slice", ["memory.low"], ["MemoryLow"]), [[low], [low]]);
  await guest.output("systemctl daemon-reload");
  deepEqual(await burstable(), [[low, "default 200"], [low, "200"]]);

  await guest.output(`cp /root/config.yaml ${config} && systemctl restart islet`);
  await ready(...running);
  await eventually(
    "nothing is protected or preferred any more",
    async () => deepEqual(await burstable(), [["0", "default 100"], ["0", "100"]]),
  );
  equal((await slice("kubepods.slice", ["memory.low"], []))[0][0], "0");
});

vmTest("containerd that is killed is back in its unit, and its containers run on", async () => {
  const [before, containerd] = [await lives(), await containerdPid()];
  await guest.output(`kill -9 ${containerd}`);
  await guest.until(
    "containerd is back",
    `p=$(systemctl show -p MainPID --value islet-containerd); [ $p != 0 ] && [ $p != ${containerd} ] && ` +
      "ctr -a /run/islet/containerd.sock version",
  );
  await ready(...running);
  // it takes its tasks up again one after the other; one that was started anew has another process for good
  await eventually("its containers are those from before", async () => deepEqual(await lives(), before));
});

vmTest("log entries are in the journal with their fields and priorities", async () => {
  const entries = (await guest.output("journalctl -u islet -o json --no-pager")).split("\n").map((line) =>
    JSON.parse(line)
  );
  const runs = entries.find(({ MESSAGE }) => /^The node runs/.test(MESSAGE));
  equal(runs.ISLET_NODE, "guest");
  equal(runs.PRIORITY, "6");
  equal(runs.SYSLOG_IDENTIFIER, "islet");
  equal(runs._SYSTEMD_UNIT, "islet.service");
});

vmTest("the end-to-end tests of resources, limits, eviction, admission and usage pass on cgroup v2", async () => {
  const { source } = payload;
  await guest.output(
    `mkdir -p ${source} && cp -r /payload/islet-source/. ${source} && cp -r /payload/{deno-dir,test-cache} /root/`,
  );
  const failed: string[] = [];
  for (const file of inside) {
    const { code, output } = await guest.run(`
      cd ${source}
      export DENO_DIR=/root/deno-dir ISLET_TEST_CACHE=/root/test-cache ISLET_BIN=/usr/local/bin/islet
      export ISLET_TEST_PATIENCE=10 NO_COLOR=1
      /payload/deno test -A --no-check --cached-only --quiet ${file}`);
    const passed = code === 0 && /ok \| [1-9]\d* passed \| 0 failed/.test(output);
    say(`${file}: ${passed ? "passed" : "failed"}`);
    if (!passed) failed.push(output);
  }
  equal(failed.length, 0, failed.join("\n"));
});

vmTest(
  "the machine's shutdown waits for the pods and ends them in order; after a boot without a network every pod is back",
  async () => {
    const before = await ready(...running);
    match(await guest.output("systemd-inhibit --list --no-legend"), /islet .*shutdown.*delay/);
    match(
      await guest.output(
        "busctl get-property org.freedesktop.login1 /org/freedesktop/login1 org.freedesktop.login1.Manager InhibitDelayMaxUSec",
      ),
      /^t 30000000$/,
    );
    await guest.output("rm -f /var/shared/ended");
    await guest.powerOff();
    say("the guest is off");
    guest = await boot(false);
    say("the guest has booted without a network");
    const after = await ready(...running);
    equal((await guest.run("ip link show eth0")).code, 1);
    const ended = (await guest.output("cat /var/shared/ended")).split("\n");
    equal(ended.at(-1), "critical");
    deepEqual(ended.slice(0, -1).sort(), ["from-api", "ordinary"]);
    for (const name of running) equal(after.get(name)!.metadata.uid, before.get(name)!.metadata.uid, name);
    const words = await guest.output("journalctl -u islet -b -1 -o cat --no-pager | grep -A20 'goes down'");
    match(words, /Ending pods priority=0[\s\S]*Ending pods priority=2000000000[\s\S]*The pods have ended/);
  },
);

vmTest("islet uninstall asks before it removes data, and leaves nothing of it", async () => {
  const asked = await guest.run("islet uninstall");
  equal(asked.code, 1);
  match(asked.output, /removes for good: \/var\/lib\/islet \/etc\/islet/);
  equal(await guest.output("systemctl is-active islet"), "active");
  await guest.output("islet uninstall --yes");
  const left = await guest.output(
    "ls -d /usr/local/bin/islet /etc/islet /var/lib/islet /run/islet /etc/systemd/system/islet* /sys/fs/cgroup/kubepods.slice 2>/dev/null; " +
      "nft list tables | grep islet; pgrep -af 'containerd|islet|busybox'; grep islet /proc/mounts; systemctl list-units --state=active,failed --no-legend 'islet*' 'kubepods*'; true",
  );
  equal(left, "");
});
