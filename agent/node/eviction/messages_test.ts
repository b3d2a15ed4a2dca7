import { equal } from "node:assert/strict";
import {
  containerStorageMessage,
  emptyDirMessage,
  evictionMessage,
  podStorageMessage,
  refusalMessage,
} from "./messages.ts";
import { mebi, testPod, threshold } from "./testing.ts";

const seen = (available: number, capacity = 1000 * mebi) => ({ available, capacity, at: 0 });

Deno.test("evictionMessage() says what was short, by how much, and who used more than it asked for", () => {
  const pod = testPod("leak", { requests: { memory: "64Mi" } });
  const why = { threshold: threshold("memory.available", "100Mi"), observation: seen(42 * mebi) };
  equal(
    evictionMessage(pod, "memory", why, [{ name: "main", bytes: 300 * mebi }, { name: "gone", bytes: 1 }]),
    "The node was low on resource: memory. Threshold quantity: 100Mi, available: 42Mi. " +
      "Container main was using 300Mi, request is 64Mi, has larger consumption of memory. ",
  );
  equal(
    evictionMessage(pod, "memory", why, [{ name: "main", bytes: 64 * mebi }]),
    "The node was low on resource: memory. Threshold quantity: 100Mi, available: 42Mi. ",
  );
});

Deno.test("evictionMessage() tells of a percentage as the amount that it stands for, and of pieces without units", () => {
  const pod = testPod("forks");
  equal(
    evictionMessage(pod, "memory", { threshold: threshold("memory.available", "10%"), observation: seen(1024) }, []),
    "The node was low on resource: memory. Threshold quantity: 100Mi, available: 1Ki. ",
  );
  equal(
    evictionMessage(pod, "pids", { threshold: threshold("pid.available", "1k"), observation: seen(12, 4096) }, [
      { name: "main", bytes: 5 },
    ]),
    "The node was low on resource: pids. Threshold quantity: 1k, available: 12. ",
  );
});

Deno.test("what is said of limits and refusals is kubelet's", () => {
  equal(emptyDirMessage("data", "10Mi"), 'Usage of EmptyDir volume "data" exceeds the limit "10Mi". ');
  equal(podStorageMessage(2 ** 30), "Pod ephemeral local storage usage exceeds the total limit of containers 1Gi. ");
  equal(containerStorageMessage("web", "1Gi"), 'Container web exceeded its local ephemeral storage limit "1Gi". ');
  equal(
    refusalMessage(["MemoryPressure", "DiskPressure"]),
    "The node had condition: [MemoryPressure DiskPressure]. ",
  );
});
