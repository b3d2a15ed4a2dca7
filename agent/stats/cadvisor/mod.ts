/**
 * `/metrics/cadvisor`: cAdvisor's names and labels as kubelet serves them, so that dashboards and alerts work as they are.
 *
 *     id="/"  id="/kubepods"  id="/kubepods/burstable"      node and classes: no pod, no container
 *     id="/kubepods/burstable/pod…"                         a pod: namespace and pod
 *     id="/kubepods/burstable/pod…/<sandbox>"               its sandbox: image and name besides; the network is here
 *     id="/kubepods/burstable/pod…/<container>"             a container: container besides
 *
 * Cgroups are read one after the other (`rows.ts`), then written family by family: `families.ts` (one sample a row),
 * `devices.ts` and `interfaces.ts` (one a device or interface), `machine.ts`.
 */
import type { CgroupReader } from "../../../cgroups/mod.ts";
import type { CgroupPathOptions } from "../../resources/mod.ts";
import type { Exposition } from "../../telemetry/exposition.ts";
import type { FilesystemUsage } from "../filesystems.ts";
import type { MachineUsage } from "../machine.ts";
import type { InterfaceUsage, ReadText } from "../network.ts";
import type { PodTarget } from "../targets.ts";
import { writeDevices } from "./devices.ts";
import { writeFamilies } from "./families.ts";
import { writeInterfaces } from "./interfaces.ts";
import { type MachineIdentity, writeMachine } from "./machine.ts";
import { readRows } from "./rows.ts";

export type { MachineIdentity } from "./machine.ts";

export interface CadvisorInput {
  cgroups: CgroupReader;
  cgroupPaths: CgroupPathOptions;
  targets: PodTarget[];
  machine: MachineUsage;
  identity: MachineIdentity;
  bootTimeMs?: number;
  interfaces?: InterfaceUsage[];
  filesystems: { device: string; usage: FilesystemUsage }[];
  /** Name of the image that sandboxes are made of. */
  sandboxImage: string;
  read: ReadText;
  /** Wall-clock milliseconds. */
  now(): number;
}

export function writeCadvisorMetrics(out: Exposition, input: CadvisorInput): void {
  const rows = readRows(out, input);
  writeFamilies(out, rows);
  writeDevices(out, rows, input);
  writeInterfaces(out, rows);
  writeMachine(out, input);
}
