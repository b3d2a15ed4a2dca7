import assert from "node:assert/strict";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { type CriClient, StatusResponseSchema } from "../../../cri/mod.ts";
import type { Pod } from "../../objects/mod.ts";
import { SandboxConfigError } from "../../runtime/mod.ts";
import { PodMessages } from "./messages.ts";
import { container, pod } from "../testing.ts";

type Status = MessageInitShape<typeof StatusResponseSchema>;

/** Messages for a runtime that answers with `statuses`, one after the other, the last one for ever. */
function messagesFor(...statuses: Status[]) {
  let asked = 0;
  const recursive: boolean[] = [];
  const status = () => Promise.resolve(create(StatusResponseSchema, statuses[Math.min(asked++, statuses.length - 1)]));
  const messages = new PodMessages({
    settings: {
      owner: "owner-1",
      nodeName: "edge-1",
      podLogsDir: "/logs",
      cgroupPaths: { driver: "cgroupfs" },
      resolvConf: "",
      clusterDNS: ["10.96.0.10"],
      clusterDomain: "cluster.local",
      limits: { memoryCapacity: 2 ** 30 },
      security: { seccompRoot: "/seccomp", appArmor: false },
      userNamespace: () => ({ hostId: 131072, length: 65536 }),
      hostIPs: () => [],
      allocatable: () => ({}),
      serviceEnv: () => ({}),
    },
    lookUp: () => undefined,
    runtimeClass: (_pod, name) => name === "vm" ? { handler: "kata" } : undefined,
    volumes: {
      mounts(_pod, _container, { recursiveReadOnly }) {
        recursive.push(recursiveReadOnly);
        return Promise.resolve([]);
      },
      writeHosts: () => Promise.resolve(),
    },
    runtime: { status } as unknown as CriClient["runtime"],
  });
  return { messages, asked: () => asked, recursive };
}

const able = { recursiveReadOnlyMounts: true, userNamespaces: true };
const usersOf = async (messages: PodMessages, of: Pod) => {
  const { config } = await messages.sandbox(of, 0);
  return config.linux?.securityContext?.namespaceOptions?.usernsOptions?.uids[0]?.hostId;
};

Deno.test("PodMessages gives a pod with hostUsers: false its own ids where the runtime can map them", async () => {
  const { messages, asked } = messagesFor({}, { runtimeHandlers: [{ name: "", features: able }] });
  const own = pod({ hostUsers: false });
  await assert.rejects(messages.sandbox(own, 0), (err: Error) => {
    assert.ok(err instanceof SandboxConfigError);
    assert.match(err.message, /hostUsers: false\): the container runtime or the kernel does not support/);
    return true;
  });
  assert.equal(await usersOf(messages, own), 131072, "a newer runtime is asked again");
  assert.equal(await usersOf(messages, own), 131072);
  assert.equal(asked(), 2, "and no more once it can");
  assert.equal(await usersOf(messages, pod()), undefined);
});

Deno.test("PodMessages runs a pod by the handler of its RuntimeClass, or says that there is none", async () => {
  const { messages } = messagesFor({ runtimeHandlers: [{ name: "" }, { name: "kata" }] });
  assert.equal((await messages.sandbox(pod({ runtimeClassName: "kata" }), 0)).runtimeHandler, "kata");
  assert.equal((await messages.sandbox(pod({ runtimeClassName: "vm" }), 0)).runtimeHandler, "kata");
  await assert.rejects(messages.sandbox(pod({ runtimeClassName: "gvisor" }), 0), /has no handler "gvisor"/);
});

Deno.test("PodMessages makes mounts recursively read-only where the handler can, and asks only then", async () => {
  const image = { imageRef: "sha256:1", repoDigests: [], size: 1 };
  const how = { attempt: 0, sandboxAttempt: 0, image, podIPs: [] };
  const mounting = (recursiveReadOnly?: "IfPossible") => {
    const volumeMounts = [{ name: "v", mountPath: "/v", readOnly: true, recursiveReadOnly }];
    return container("web", { volumeMounts });
  };
  const { messages, asked, recursive } = messagesFor({ runtimeHandlers: [{ name: "", features: able }] });
  for (const one of [mounting(), mounting("IfPossible")]) {
    await messages.container(pod({ containers: [one] }), one, how);
  }
  assert.deepEqual([recursive, asked()], [[false, true], 1]);
});
