/** `deno task down`: removes the node that `deno task up` made, with its pods and everything it kept. */
import { removeNode } from "../agent/install/remove_node.ts";
import { createLogger } from "../agent/telemetry/log.ts";
import { checkMachine, fail, rootDir, runDir } from "./node.ts";

checkMachine();
await removeNode({
  rootDir,
  runDir,
  cgroup: "kubepods",
  log: createLogger({ level: "warn" }),
  onProgress: (message) => console.log(`▸ ${message}`),
}).catch((err) => fail(err.message));
console.log(`
Removed. Debian's packages stay, and IP forwarding stays as it is (sysctl net.ipv4.ip_forward).`);
