/** Removes a test node from inside its namespaces; a program of its own, because only a process can be inside them. */
import { removeNode } from "../../agent/install/remove_node.ts";

const [rootDir, runDir, cgroup] = Deno.args;
await removeNode({ rootDir, runDir, cgroup });
