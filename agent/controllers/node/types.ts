/** Parts of the Node object that have no name of their own in its schema. */
import type { Node, NodeStatus } from "../../objects/mod.ts";

export type { Node, NodeCondition, NodeSpec, NodeStatus, Taint as NodeTaint } from "../../objects/mod.ts";
export type ContainerImage = { names: string[]; sizeBytes: number };
export type RuntimeHandlers = NonNullable<NodeStatus["runtimeHandlers"]>;
export type NodeMetadata = Node["metadata"];
