import assert from "node:assert/strict";
import { cpuCount, type Machine, nodeLabels, readFacts } from "./facts.ts";

/** A machine made of files. */
function machine(files: Record<string, string>, more: Partial<Machine> = {}): Machine {
  const within = (path: string) => Object.keys(files).filter((each) => each.startsWith(`${path}/`));
  return {
    read: (path) => files[path],
    list: (path) => [...new Set(within(path).map((each) => each.slice(path.length + 1).split("/")[0]))].sort(),
    fsBytes: () => 1000,
    hostname: () => "Edge-1",
    arch: "aarch64",
    ...more,
  };
}

const files = {
  "/proc/meminfo": "MemTotal:        2014508 kB\nMemFree: 1 kB\nSwapTotal:          1024 kB\n",
  "/sys/devices/system/cpu/online": "0-2,5\n",
  "/etc/machine-id": "3d12\n",
  "/sys/class/dmi/id/product_uuid": "UUID-1\n",
  "/proc/sys/kernel/random/boot_id": "b-1\n",
  "/proc/sys/kernel/osrelease": "6.1.0-13-arm64\n",
  "/proc/sys/kernel/pid_max": "4194304\n",
  "/proc/sys/kernel/threads-max": "15000\n",
  "/etc/os-release": 'NAME="Debian"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n',
  "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages": "3\n",
  "/sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages": "0\n",
  "/sys/module/apparmor/parameters/enabled": "Y\n",
  "/sys/kernel/security/apparmor/profiles": "strict (enforce)\nns://a b (complain)\n",
};

Deno.test("readFacts() reads a machine as Kubernetes describes it", () => {
  assert.deepEqual(readFacts({ maxPods: 50, rootDir: "/var/lib/islet", machine: machine(files) }), {
    hostname: "edge-1",
    machineID: "3d12",
    systemUUID: "UUID-1",
    bootID: "b-1",
    kernelVersion: "6.1.0-13-arm64",
    osImage: "Debian GNU/Linux 12 (bookworm)",
    operatingSystem: "linux",
    architecture: "arm64",
    swapBytes: 1024 * 1024,
    capacity: {
      cpu: 4000,
      memory: 2014508 * 1024,
      pods: 50,
      "ephemeral-storage": 1000,
      "hugepages-1Gi": 0,
      "hugepages-2Mi": 3 * 2 ** 21,
      pid: 15000,
    },
    appArmor: true,
    appArmorProfiles: new Set(["strict", "ns://a b"]),
  });
});

Deno.test("readFacts() gets by with almost nothing to read", () => {
  const facts = readFacts({
    maxPods: 5,
    rootDir: "/",
    machine: machine({}, { fsBytes: () => undefined, arch: "riscv64" }),
  });
  assert.deepEqual(facts.capacity, { cpu: 1000, memory: 0, pods: 5 });
  assert.equal(facts.osImage, "Linux");
  assert.equal(facts.architecture, "riscv64");
  assert.equal(facts.appArmor, false);
  assert.equal(facts.appArmorProfiles, undefined);
});

Deno.test("readFacts() counts CPUs by /proc/cpuinfo where /sys has no list, and names an unquoted system", () => {
  const facts = readFacts({
    maxPods: 5,
    rootDir: "/",
    machine: machine({
      "/proc/cpuinfo": "processor\t: 0\nmodel: x\nprocessor\t: 1\n",
      "/usr/lib/os-release": "PRETTY_NAME=Alpine\n",
    }),
  });
  assert.equal(facts.capacity.cpu, 2000);
  assert.equal(facts.osImage, "Alpine");
});

Deno.test("readFacts() describes this machine", () => {
  const facts = readFacts({ maxPods: 110, rootDir: "/" });
  assert.ok(facts.capacity.cpu >= 1000);
  assert.ok(facts.capacity.memory > 0);
  assert.ok(facts.capacity["ephemeral-storage"] > 0);
  assert.match(facts.kernelVersion, /^\d+\.\d+/);
  assert.match(facts.bootID, /^[0-9a-f-]{36}$/);
});

Deno.test("cpuCount() reads kernel lists", () => {
  const table: [string, number][] = [["0", 1], ["0-3", 4], ["0-1,4-7,9", 7], ["", 0]];
  for (const [list, count] of table) assert.equal(cpuCount(list), count, list);
});

Deno.test("nodeLabels() has the labels that schedulers look for", () => {
  const labels = nodeLabels({ architecture: "arm64" }, "edge-1");
  assert.equal(labels["kubernetes.io/arch"], "arm64");
  assert.equal(labels["kubernetes.io/hostname"], "edge-1");
  assert.equal(labels["kubernetes.io/os"], "linux");
});
