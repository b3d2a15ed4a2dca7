/**
 * The node: one object, registered by the machine itself (agent/controllers/node). Labels, annotations, taints and
 * `unschedulable` are the users' to set; making other nodes, or removing this one, is refused.
 */
import { timestamp } from "../../../clock.ts";
import type { Node } from "../../../objects/mod.ts";
import { forbidden } from "../errors.ts";
import type { Backend, Resource, Subresource } from "../types.ts";
import { ageColumn, ageOf, nameColumn, none, orNone, text } from "./columns.ts";

const about = { group: "", plural: "nodes" };

export interface NodeResourceDeps {
  backend: Backend<Node>;
  nodeName: string;
  clock: { now(): number };
  /** proxy */
  subresources?: Readonly<Record<string, Subresource>>;
}

export function nodeResource({ backend, nodeName, clock, subresources }: NodeResourceDeps): Resource<Node> {
  return {
    ...about,
    version: "v1",
    kind: "Node",
    singular: "node",
    shortNames: ["no"],
    namespaced: false,
    verbs: ["get", "list", "watch", "create", "update", "patch", "delete"],
    backend,
    hasStatus: true,
    ...(subresources ? { subresources } : {}),
    fields: { "spec.unschedulable": ({ spec }) => String(spec.unschedulable ?? false) },
    strategy: {
      prepareForCreate({ metadata }) {
        throw forbidden(about, metadata.name, `this API is that of one machine, whose node is ${nodeName}`);
      },
      prepareForUpdate: (node, current) => withTaintTimes(node, current, clock.now()),
      remove({ metadata }) {
        throw forbidden(
          about,
          metadata.name,
          "the machine that answers is this node, it cannot be removed from itself",
        );
      },
    },
    printer: {
      columns: [
        nameColumn,
        text("Status", "The status of the node"),
        text("Roles", "The roles of the node"),
        ageColumn,
        text("Version", "Version of the node's agent"),
        text("Internal-IP", "The first address that other nodes reach it at", { wide: true }),
        text("External-IP", "The first address that the outside reaches it at", { wide: true }),
        text("OS-Image", "The operating system", { wide: true }),
        text("Kernel-Version", "The kernel's version", { wide: true }),
        text("Container-Runtime", "The container runtime and its version", { wide: true }),
      ],
      cells: (node, now) => [
        node.metadata.name,
        statusOf(node),
        roles(node),
        ageOf(node, now),
        orNone(node.status?.nodeInfo?.kubeletVersion),
        address(node, "InternalIP"),
        address(node, "ExternalIP"),
        node.status?.nodeInfo?.osImage || "<unknown>",
        node.status?.nodeInfo?.kernelVersion || "<unknown>",
        node.status?.nodeInfo?.containerRuntimeVersion || "<unknown>",
      ],
    },
  };
}

/** Taints that evict say since when they are there: tolerations for a while count from that. */
function withTaintTimes(node: Node, current: Node, now: number): Node {
  const { taints } = node.spec;
  if (!taints) return node;
  const before = current.spec.taints ?? [];
  node.spec.taints = taints.map((taint) => {
    if (taint.effect !== "NoExecute" || taint.timeAdded) return taint;
    const same = before.find(({ key, effect, value }) =>
      key === taint.key && effect === taint.effect && value === taint.value
    );
    return { ...taint, timeAdded: same?.timeAdded ?? timestamp(now) };
  });
  return node;
}

function statusOf({ spec, status }: Node): string {
  const ready = status?.conditions?.find(({ type }) => type === "Ready");
  const word = !ready ? "Unknown" : ready.status === "True" ? "Ready" : "NotReady";
  return spec.unschedulable ? `${word},SchedulingDisabled` : word;
}

const rolePrefix = "node-role.kubernetes.io/";

function roles({ metadata }: Node): string {
  const labels = metadata.labels ?? {};
  const found = Object.keys(labels).filter((key) => key.startsWith(rolePrefix) && key.length > rolePrefix.length)
    .map((key) => key.slice(rolePrefix.length));
  if (labels["kubernetes.io/role"]) found.push(labels["kubernetes.io/role"]);
  return found.length > 0 ? [...new Set(found)].sort().join(",") : none;
}

function address({ status }: Node, type: string): string {
  return orNone(status?.addresses?.find((each) => each.type === type)?.address);
}
