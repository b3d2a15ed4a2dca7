/** `container_network_…`: a sample an interface, of the machine and of every pod's sandbox. */
import { type Exposition, formatLabels, joinLabels } from "../../telemetry/exposition.ts";
import type { InterfaceUsage } from "../network.ts";
import type { Row } from "./rows.ts";

const families: readonly [name: string, help: string, key: Exclude<keyof InterfaceUsage, "name">][] = [
  ["container_network_receive_bytes_total", "Cumulative count of bytes received", "rxBytes"],
  ["container_network_receive_errors_total", "Cumulative count of errors encountered while receiving", "rxErrors"],
  [
    "container_network_receive_packets_dropped_total",
    "Cumulative count of packets dropped while receiving",
    "rxDropped",
  ],
  ["container_network_receive_packets_total", "Cumulative count of packets received", "rxPackets"],
  ["container_network_transmit_bytes_total", "Cumulative count of bytes transmitted", "txBytes"],
  ["container_network_transmit_errors_total", "Cumulative count of errors encountered while transmitting", "txErrors"],
  [
    "container_network_transmit_packets_dropped_total",
    "Cumulative count of packets dropped while transmitting",
    "txDropped",
  ],
  ["container_network_transmit_packets_total", "Cumulative count of packets transmitted", "txPackets"],
];

export function writeInterfaces(out: Exposition, rows: readonly Row[]): void {
  const found = rows.flatMap(({ interfaces = [], labels, at }) =>
    interfaces.map((usage) => ({
      usage,
      subject: out.subject(joinLabels(formatLabels({ interface: usage.name }), labels), at),
    }))
  );
  for (const [name, help, key] of families) {
    out.family(name, "counter", help);
    for (const { usage, subject } of found) out.add(subject, usage[key]);
  }
}
