/**
 * Two ways to name the same cgroup. With the cgroupfs driver a path, with the systemd driver a slice whose name
 * spells out its parents:
 *
 *     ["kubepods", "burstable", "pod7a-1"]  ⇄  /kubepods/burstable/pod7a-1
 *                                           ⇄  kubepods-burstable-pod7a_1.slice
 *                                           =  /kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod7a_1.slice
 */
import { CgroupError } from "./errors.ts";

/** Who makes cgroups. */
export type CgroupDriver = "cgroupfs" | "systemd";

/** Components → `/kubepods/burstable/pod7a-1`. */
export function cgroupfsPath(components: readonly string[]): string {
  return "/" + components.join("/");
}

/** Components → `kubepods-burstable-pod7a_1.slice`; `-` means "below" to systemd, so it becomes `_`. */
export function sliceName(components: readonly string[]): string {
  if (components.length === 0) return "-.slice";
  return components.map((component) => component.replaceAll("-", "_")).join("-") + ".slice";
}

/**
 * `a-b-c.slice` → `/a.slice/a-b.slice/a-b-c.slice`, as systemd nests slices; `-.slice` is the root.
 * @throws CgroupError when it is not the name of a slice.
 */
export function expandSlice(slice: string): string {
  const name = slice.endsWith(".slice") ? slice.slice(0, -".slice".length) : "";
  if (name === "-") return "/";
  const parts = name.split("-");
  if (name === "" || name.includes("/") || parts.includes("")) {
    throw new CgroupError(`Cannot expand slice ${JSON.stringify(slice)}: not a slice name`);
  }
  return parts.map((_, index) => `/${parts.slice(0, index + 1).join("-")}.slice`).join("");
}

/** The path of a cgroup that a user names: `/system`, `system.slice` or `/system.slice`. */
export function namedPath(name: string): string {
  return name.startsWith("/") ? name : expandSlice(name);
}

/** The path below the mount points that a driver gives to these components. */
export function driverPath(driver: CgroupDriver, components: readonly string[]): string {
  return driver === "systemd" ? expandSlice(sliceName(components)) : cgroupfsPath(components);
}
