/** The least that must work, in a minute: also run against the compiled program. */
import { equal, match } from "node:assert/strict";
import { nodeFile } from "../support/node_file.ts";
import { pod, statusOf } from "../support/pods.ts";

const { nodeTest } = nodeFile();

nodeTest(
  "a pod from the manifest directory runs and becomes ready",
  pod("web", "echo hello; exec sleep 3600"),
  async (node) => {
    const web = await node.ready("web");
    equal(web.status?.phase, "Running");
    match(web.status?.podIP ?? "", /^10\.244\.0\.\d+$/);
    equal(statusOf(web)?.restartCount, 0);
    await node.logged("web", "hello");
  },
);
