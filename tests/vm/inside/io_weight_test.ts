/** Weights of the disk on cgroup v2, where nobody divides it, where io.cost does, and where BFQ does. */
import { deepEqual, equal } from "node:assert/strict";
import { podCgroup } from "../../support/cgroup_files.ts";
import { run } from "../../support/namespaces.ts";
import { TestNode } from "../../support/node.ts";
import { container, idle, manifest, pod } from "../../support/pods.ts";

const config = `
apiVersion: islet.dev/v1alpha1
kind: IsletConfiguration
ioWeight: { guaranteed: 400, burstable: 200, bestEffort: 10 }
`;
const both = { cpu: "500m", memory: "16Mi" };
const guaranteed = container("main", idle, { resources: { requests: both, limits: both } });
const noEffect = /ioWeight has no effect/;

Deno.test("the disk's weights are set for classes and guaranteed pods, and islet says when nobody heeds them", async () => {
  await using node = await TestNode.start({ config, manifests: { "g.yaml": manifest(pod("g", guaranteed)) } });
  const paths = [podCgroup(await node.ready("g")), "kubepods/burstable", "kubepods/besteffort"];
  const weights = (file: string) => paths.map((path) => node.cgroupFile("", path, file));
  deepEqual(weights("io.weight"), ["default 400", "default 200", "default 10"]);
  const said = () => node.log().split("\n").filter((line) => noEffect.test(line)).length;
  equal(said(), 1, node.logTail());

  const { major, minor } = await disk();
  const cost = (on: 0 | 1) => Deno.writeTextFile("/sys/fs/cgroup/io.cost.qos", `${major}:${minor} enable=${on}`);
  await cost(1);
  try {
    await node.restart();
    equal(said(), 1, "io.cost heeds them");
  } finally {
    await cost(0);
  }
  await node.restart();
  equal(said(), 2);

  const modprobe = async (...args: string[]) => {
    const { code, stderr } = await run("modprobe", args);
    equal(code, 0, stderr);
  };
  await modprobe("bfq");
  try {
    await node.restart();
    equal(said(), 2, "BFQ heeds them");
    node.write("late.yaml", manifest(pod("late", guaranteed)));
    paths[0] = podCgroup(await node.ready("late"));
    deepEqual(weights("io.weight"), ["default 400", "default 200", "default 10"]);
    // 100 is 100 for both, and beyond that 1000 is the most that BFQ has
    const bfq = weights("io.bfq.weight").map((text) => /^(?:default )?(\d+)$/m.exec(text)?.[1]);
    deepEqual(bfq, ["127", "109", "10"]);
  } finally {
    await modprobe("--remove", "bfq");
  }
});

/** The device of the machine's root. */
async function disk(): Promise<{ major: number; minor: number }> {
  const { stdout } = await run("findmnt", ["--noheadings", "--output", "MAJ:MIN", "/"]);
  const [major, minor] = stdout.trim().split(":").map(Number);
  return { major, minor };
}
