/** All there is to a pod, for people: in the order and words of `kubectl describe pod`. */
import type { Pod, PodCondition } from "../../objects/mod.ts";
import type { Event } from "../../telemetry/events.ts";
import { age } from "../../age.ts";
import { describeContainer } from "./describe_container.ts";
import { toldAnnotations } from "./describe_object.ts";
import { describeVolume } from "./describe_volume.ts";
import { type Entry, outline } from "./outline.ts";
import { formatTable, oneLine } from "./table.ts";

/** The text; without a list of events there is no section of them. */
export function describePod(pod: Pod, events: readonly Event[] | undefined, now: number): string {
  const { metadata, spec, status = {} } = pod;
  const terminating = metadata.deletionTimestamp && status.phase !== "Succeeded" && status.phase !== "Failed";
  const containers = (list: Pod["spec"]["containers"] | undefined, statuses: typeof status.containerStatuses) => ({
    entries: (list ?? []).map((container): Entry => [
      container.name,
      { entries: describeContainer(container, statuses?.find(({ name }) => name === container.name)) },
    ]),
  });
  const head: Entry[] = [
    ["Name", metadata.name],
    ["Namespace", metadata.namespace ?? ""],
    ...optional("Priority", spec.priority),
    ...optional("Priority Class Name", spec.priorityClassName),
    ...optional("Runtime Class Name", spec.runtimeClassName),
    ["Service Account", spec.serviceAccountName ?? ""],
    ["Node", spec.nodeName ? [spec.nodeName, status.hostIP].filter(Boolean).join("/") : "<none>"],
    ["Start Time", status.startTime ?? ""],
    ["Labels", pairs(metadata.labels, "=")],
    ["Annotations", pairs(toldAnnotations(metadata.annotations), ": ")],
    [
      "Status",
      terminating ? `Terminating (${lasts(metadata.deletionTimestamp!, metadata, now)})` : status.phase ?? "Pending",
    ],
    ...(terminating ? optional("Termination Grace Period", `${metadata.deletionGracePeriodSeconds ?? 0}s`) : []),
    ...optional("Reason", status.reason),
    ...optional("Message", status.message),
    ["IP", status.podIP ?? ""],
    ["IPs", status.podIPs?.length ? { entries: status.podIPs.map(({ ip }): Entry => ["IP", ip]) } : "<none>"],
  ];
  const rest: Entry[] = [
    ...(spec.initContainers?.length
      ? [["Init Containers", containers(spec.initContainers, status.initContainerStatuses)] as Entry]
      : []),
    ["Containers", containers(spec.containers, status.containerStatuses)],
  ];
  const lines = [...outline(head.filter(([, value]) => value !== "")), ...outline(rest)];
  if (status.conditions?.length) lines.push("Conditions:", ...indented(formatTable(conditionRows(status.conditions))));
  if (spec.volumes?.length) {
    lines.push("Volumes:");
    for (const volume of spec.volumes) {
      lines.push(...outline([[volume.name, { entries: describeVolume(volume) }]], "  "));
    }
  } else lines.push("Volumes:  <none>");
  lines.push(...outline([
    ["QoS Class", status.qosClass ?? ""],
    ["Node-Selectors", pairs(spec.nodeSelector, "=")],
    ["Tolerations", tolerations(pod)],
  ]));
  if (events) lines.push(...describeEvents(events, now));
  return lines.map(oneLine).join("\n");
}

function describeEvents(events: readonly Event[], now: number): string[] {
  if (events.length === 0) return ["Events:  <none>"];
  const rows = events.map((event) => {
    const { type, reason, count, firstTimestamp, lastTimestamp, source, message } = event;
    const seen = age(lastTimestamp, now);
    return [
      type,
      reason,
      count > 1 ? `${seen} (x${count} over ${age(firstTimestamp, now)})` : seen,
      source.component,
      oneLine(message.trim()),
    ];
  });
  const [titles, ...cells] = [["Type", "Reason", "Age", "From", "Message"], ...rows];
  return ["Events:", ...indented(formatTable([titles, titles.map((title) => "-".repeat(title.length)), ...cells]))];
}

/** Reasons only where there are any. */
function conditionRows(conditions: readonly PodCondition[]): string[][] {
  const reasons = conditions.some(({ reason, message }) => reason || message);
  return [
    ["Type", "Status", ...(reasons ? ["Reason", "Message"] : [])],
    ...conditions.map(({ type, status, reason, message }) => [
      type,
      status,
      ...(reasons ? [reason ?? "", message ?? ""] : []),
    ]),
  ];
}

function tolerations({ spec }: Pod): string | string[] {
  if (!spec.tolerations?.length) return "<none>";
  return spec.tolerations.map(({ key, operator, value, effect, tolerationSeconds }) =>
    `${key ?? ""}${value ? `=${value}` : ""}${effect ? `:${effect}` : ""}${operator === "Exists" ? " op=Exists" : ""}${
      tolerationSeconds === undefined ? "" : ` for ${tolerationSeconds}s`
    }`
  );
}

/** How long a pod has been ending. */
function lasts(deletion: string, { deletionGracePeriodSeconds }: Pod["metadata"], now: number): string {
  const asked = Date.parse(deletion) - (deletionGracePeriodSeconds ?? 0) * 1000;
  return `lasts ${age(new Date(asked).toISOString(), now)}`;
}

function pairs(map: Readonly<Record<string, string>> | undefined, between: string): string | string[] {
  const all = Object.entries(map ?? {}).sort(([a], [b]) => a < b ? -1 : 1);
  return all.length > 0 ? all.map(([key, value]) => `${key}${between}${value}`) : "<none>";
}

function optional(label: string, value: string | number | undefined): Entry[] {
  return value === undefined || value === "" ? [] : [[label, String(value)]];
}

function indented(lines: string[]): string[] {
  return lines.map((line) => `  ${line}`);
}
