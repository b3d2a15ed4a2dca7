import assert from "node:assert/strict";
import { dirname } from "node:path";
import { systemClock } from "../../clock.ts";
import { containerLogPath } from "../../logs/mod.ts";
import { running, testNode, testPod } from "../testing.ts";

const path = "/api/v1/namespaces/default/pods/web/log";
const line = (text: string) => `2026-01-01T00:00:00.000000000Z stdout F ${text}\n`;

/** A node whose pod `web` has written `lines` in attempt `attempt`. */
function nodeWithLog(lines: string[], attempt = 0) {
  const node = testNode({ clock: systemClock });
  node.podLogsDir = Deno.makeTempDirSync();
  const file = containerLogPath(node.podLogsDir, { namespace: "default", name: "web", uid: "uid-web" }, "web", attempt);
  Deno.mkdirSync(dirname(file), { recursive: true });
  Deno.writeTextFileSync(file, lines.map(line).join(""));
  return { ...node, file, [Symbol.dispose]: () => Deno.removeSync(node.podLogsDir, { recursive: true }) };
}

Deno.test("a log is the container's lines, or the last of them with their times", async () => {
  using node = nodeWithLog(["one", "two"]);
  node.store.put(testPod());
  assert.equal(await (await node.app.request(path)).text(), "one\ntwo\n");
  const tail = await node.app.request(`${path}?tailLines=1&timestamps=true`);
  assert.equal(await tail.text(), "2026-01-01T00:00:00.000000000Z two\n");
});

Deno.test("the attempt is the one that the runtime knows by the container's id", async () => {
  using node = nodeWithLog(["from attempt 4"], 4);
  node.store.put(testPod({ status: { containerStatuses: [running("web", { restartCount: 1 })] } }));
  const containers = [{ id: "web-0", attempt: 4 }];
  node.observed.set("uid-web", { containers } as unknown as ReturnType<typeof node.observed.get> & object);
  assert.equal(await (await node.app.request(path)).text(), "from attempt 4\n");
});

Deno.test("the previous log of a container that the runtime has forgotten is found by its file", async () => {
  using node = nodeWithLog(["before"], 2);
  const lastState = { terminated: { exitCode: 1, containerID: "containerd://gone" } };
  node.store.put(testPod({ status: { containerStatuses: [running("web", { restartCount: 4, lastState })] } }));
  assert.equal(await (await node.app.request(`${path}?previous=true`)).text(), "before\n");
});

Deno.test("a log whose file is gone is a 404", async () => {
  using node = nodeWithLog(["one"]);
  node.store.put(testPod({
    status: {
      phase: "Failed",
      containerStatuses: [
        running("web", { state: { terminated: { exitCode: 1, containerID: "containerd://web-0" } } }),
      ],
    },
  }));
  Deno.removeSync(node.file);
  assert.equal((await node.app.request(path)).status, 404);
});

Deno.test("a followed log goes on until the container ends", async () => {
  using node = nodeWithLog(["one"]);
  node.store.put(testPod());
  const { watchers } = node.store;
  const response = await node.app.request(`${path}?follow=true`);
  const chunks = response.body!.getReader();
  const decoder = new TextDecoder();
  assert.equal(decoder.decode((await chunks.read()).value), "one\n");
  assert.equal(node.store.watchers, watchers + 1);
  Deno.writeTextFileSync(node.file, line("two"), { append: true });
  assert.equal(decoder.decode((await chunks.read()).value), "two\n");
  const end = chunks.read();
  node.store.put(testPod({
    status: {
      containerStatuses: [
        running("web", { state: { terminated: { exitCode: 0, containerID: "containerd://web-0" } } }),
      ],
    },
  }));
  assert.equal((await end).done, true);
  assert.equal(node.store.watchers, watchers);
});

Deno.test("a followed log ends with the server", async () => {
  using node = nodeWithLog([]);
  node.store.put(testPod());
  const { watchers } = node.store;
  const response = await node.app.request(`${path}?follow=true`);
  const end = response.text();
  node.closing.abort();
  assert.equal(await end, "");
  assert.ok(node.store.watchers <= watchers);
});
