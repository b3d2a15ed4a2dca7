import { fromBinary, toBinary } from "@bufbuild/protobuf";
import assert from "node:assert/strict";
import { ContainerConfigSchema, Signal } from "../../cri/mod.ts";
import type { Container } from "../objects/mod.ts";
import { box, podOf } from "../resources/testing.ts";
import { containerConfig, type ContainerContext, imageSpec } from "./container_config.ts";
import { ContainerConfigError } from "./errors.ts";
import { containerAnnotations, containerLabels } from "./labels.ts";

const context: ContainerContext = {
  attempt: 4,
  owner: "node-1",
  imageRef: "sha256:abc",
  environment: new Map([["NAME", "world"], ["EMPTY", ""]]),
  mounts: [{ containerPath: "/data", hostPath: "/var/data", readonly: true }],
  security: { seccompRoot: "/seccomp", appArmor: false, imageUid: 1000n },
  limits: { memoryCapacity: 4_000_000_000, hugePageSizes: ["2MB"], swap: { cgroupVersion: 1 } },
};

const config = (more: Partial<Container>, ctx: Partial<ContainerContext> = {}) => {
  const container = box("web", { cpu: "100m" }, { memory: "64Mi" }, more);
  return containerConfig(podOf([container]), container, { ...context, ...ctx });
};

Deno.test("containerConfig() makes the message that kubelet would make", () => {
  const container = box("web", { cpu: "100m" }, { memory: "64Mi" }, {
    command: ["/bin/$(NAME)", "$$(NAME)"],
    args: ["--to=$(NAME)", "$(NOBODY)", "[$(EMPTY)]"],
    workingDir: "/srv",
    stdin: true,
    stdinOnce: true,
    tty: true,
    securityContext: { readOnlyRootFilesystem: true },
  });
  const pod = podOf([container], { terminationGracePeriodSeconds: 10 });
  const message = containerConfig(pod, container, { ...context, runtimeHandler: "kata" });
  assert.equal(message.metadata?.name, "web");
  assert.equal(message.metadata?.attempt, 4);
  assert.equal(message.image?.image, "sha256:abc");
  assert.equal(message.image?.userSpecifiedImage, "example/web:1");
  assert.equal(message.image?.runtimeHandler, "kata");
  assert.deepEqual(message.command, ["/bin/world", "$(NAME)"]);
  assert.deepEqual(message.args, ["--to=world", "$(NOBODY)", "[]"]);
  assert.equal(message.workingDir, "/srv");
  assert.deepEqual(message.envs.map(({ key, value }) => [key, value]), [["NAME", "world"], ["EMPTY", ""]]);
  assert.equal(message.mounts[0].hostPath, "/var/data");
  assert.equal(message.mounts[0].readonly, true);
  assert.deepEqual(message.devices, []);
  assert.deepEqual(message.CDIDevices, []);
  assert.deepEqual(message.labels, containerLabels(pod, container, "node-1"));
  assert.deepEqual(message.annotations, containerAnnotations(pod, container, 4));
  assert.equal(message.logPath, "web/4.log");
  assert.deepEqual([message.stdin, message.stdinOnce, message.tty], [true, true, true]);
  const { resources, securityContext } = message.linux!;
  assert.equal(resources?.cpuShares, 102n);
  assert.equal(resources?.cpuPeriod, 100_000n);
  assert.equal(resources?.cpuQuota, 0n);
  assert.equal(resources?.memoryLimitInBytes, 64n * 2n ** 20n);
  assert.equal(resources?.memorySwapLimitInBytes, 64n * 2n ** 20n);
  assert.equal(resources?.oomScoreAdj, 999n);
  assert.deepEqual(resources?.hugepageLimits.map(({ pageSize, limit }) => [pageSize, limit]), [["2MB", 0n]]);
  assert.deepEqual(resources?.unified, {});
  assert.equal(securityContext?.runAsUser?.value, 1000n);
  assert.equal(securityContext?.readonlyRootfs, true);
});

Deno.test("containerConfig() makes a message that survives the wire", () => {
  const message = config({ tty: true });
  const bytes = toBinary(ContainerConfigSchema, message);
  assert.ok(bytes.length > 100);
  assert.deepEqual(fromBinary(ContainerConfigSchema, bytes), message);
});

Deno.test("containerConfig() leaves the process to the image where the container says nothing", () => {
  const message = config({});
  assert.deepEqual([message.command, message.args, message.workingDir], [[], [], ""]);
  assert.deepEqual([message.stdin, message.stdinOnce, message.tty], [false, false, false]);
  assert.equal(message.stopSignal, Signal.RUNTIME_DEFAULT);
});

const signals: [string, Signal][] = [
  ["SIGTERM", Signal.SIGTERM],
  ["SIGUSR1", Signal.SIGUSR1],
  ["SIGRTMIN", Signal.SIGRTMIN],
  ["SIGRTMIN+3", Signal.SIGRTMINPLUS3],
  ["SIGRTMAX-14", Signal.SIGRTMAXMINUS14],
];

for (const [stopSignal, expected] of signals) {
  Deno.test(`containerConfig() stops with ${stopSignal}`, () => {
    assert.equal(config({ lifecycle: { stopSignal } }).stopSignal, expected);
  });
}

Deno.test("containerConfig() refuses what is no signal", () => {
  for (const stopSignal of ["SIGNONE", "15", "RUNTIME_DEFAULT", "toString"]) {
    assert.throws(() => config({ lifecycle: { stopSignal } }), ContainerConfigError, stopSignal);
  }
});

Deno.test("containerConfig() leaves pod, container and context as they were", () => {
  const container = Object.freeze(box("web", {}, {}, { command: Object.freeze(["$(NAME)"]) as string[] }));
  const mounts = Object.freeze([Object.freeze({ containerPath: "/a", hostPath: "/b" })]);
  const message = containerConfig(podOf([container]), container, { ...context, mounts });
  message.mounts.pop();
  message.command.push("x");
  assert.equal(mounts.length, 1);
  assert.deepEqual(container.command, ["$(NAME)"]);
});

Deno.test("containerConfig() maps the owners of mounts in a pod with a user namespace, and in no other", () => {
  const userNamespace = { hostId: 131072, length: 65536 };
  const mapped = (hostUsers?: boolean) => {
    const container = box("web");
    const security = { ...context.security, userNamespace };
    const [mount] = containerConfig(podOf([container], { hostUsers }), container, { ...context, security }).mounts;
    return [mount.uidMappings, mount.gidMappings].map((list) => list.map(({ hostId, length }) => [hostId, length]));
  };
  assert.deepEqual(mapped(false), [[[131072, 65536]], [[131072, 65536]]]);
  assert.deepEqual(mapped(), [[], []]);
});

Deno.test("imageSpec() shows runtimes the pod's annotations and the handler", () => {
  const pod = podOf([box("a")], {}, { annotations: { a: "b" } });
  assert.deepEqual(imageSpec(pod, "example/web:1", "kata"), {
    image: "example/web:1",
    annotations: { a: "b" },
    userSpecifiedImage: "example/web:1",
    runtimeHandler: "kata",
  });
});
