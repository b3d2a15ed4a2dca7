/** Checks of cgroup paths: absolute, plain, and never the root where something would be changed. */
import { CgroupError } from "./errors.ts";

/** The last answer: many files of one cgroup are read in a row. */
let last = { path: "/", normal: "" };

/** The path without a trailing slash; "" for the root. */
export function normalizePath(path: string): string {
  if (path === last.path) return last.normal;
  const parts = path.split("/").filter((part) => part !== "");
  if (!path.startsWith("/") || parts.some((part) => part === "." || part === ".." || part.includes("\0"))) {
    throw new CgroupError(`Cannot use cgroup path ${JSON.stringify(path)}: it must be absolute and plain`);
  }
  const normal = parts.length === 0 ? "" : "/" + parts.join("/");
  last = { path, normal };
  return normal;
}

/** As `normalizePath`, refusing the root. */
export function properPath(path: string, doing: string): string {
  const normal = normalizePath(path);
  if (normal === "") throw new CgroupError(`Cannot ${doing} cgroup /: it is the root`);
  return normal;
}

/** `/a/b/c` → `["/a", "/a/b", "/a/b/c"]`. */
export function ancestry(path: string): string[] {
  const parts = path.split("/").filter((part) => part !== "");
  return parts.map((_, index) => "/" + parts.slice(0, index + 1).join("/"));
}
