/** hostPath volumes: nothing is mounted for them; what the path is, is checked, and made where the type says so. */
import { SetUpError } from "./errors.ts";
import { type HostFileType, inspect, type InspectOptions } from "./inspect.ts";

/** What each type asks for, in kubelet's words, and what it makes where there is nothing. */
const wanted: Record<string, { type: HostFileType; words: string; make?: "directory" | "file" }> = {
  Directory: { type: "directory", words: "directory" },
  DirectoryOrCreate: { type: "directory", words: "directory", make: "directory" },
  File: { type: "file", words: "file" },
  FileOrCreate: { type: "file", words: "file", make: "file" },
  Socket: { type: "socket", words: "socket file" },
  CharDevice: { type: "character device", words: "character device" },
  BlockDevice: { type: "block device", words: "block device" },
};

/** What to do about a path, given what is there. Pure. */
export function planHostPath(
  path: string,
  type: string,
  found: HostFileType | undefined,
): { do: "nothing" } | { do: "make"; what: "directory" | "file" } | { do: "fail"; message: string } {
  const want = Object.hasOwn(wanted, type) ? wanted[type] : undefined;
  if (!want) return { do: "fail", message: `${type} is an invalid volume type` };
  if (found === want.type) return { do: "nothing" };
  if (found === undefined && want.make) return { do: "make", what: want.make };
  const is = found === undefined ? "it does not exist" : found === "other" ? "it is a named pipe" : `it is a ${found}`;
  return { do: "fail", message: `hostPath type check failed: ${path} is not a ${want.words}, ${is}` };
}

/** Checks a hostPath, or makes it. @throws {SetUpError} */
export async function setUpHostPath(
  source: { path: string; type?: string },
  options: InspectOptions = {},
): Promise<void> {
  const { path, type = "" } = source;
  if (path.split("/").includes("..")) throw new SetUpError(`invalid HostPath \`${path}\`: must not contain '..'`);
  if (type === "") return;
  let found: HostFileType | undefined;
  try {
    found = await inspect(path, options);
  } catch (err) {
    options.signal?.throwIfAborted();
    throw new SetUpError(`hostPath type check failed: ${(err as Error).message}`, { cause: err });
  }
  const plan = planHostPath(path, type, found);
  if (plan.do === "nothing") return;
  if (plan.do === "fail") throw new SetUpError(plan.message);
  try {
    if (plan.what === "directory") await Deno.mkdir(path, { recursive: true, mode: 0o755 });
    // The parent must be there, as kubelet has it; a file that appeared meanwhile is as good.
    else (await Deno.open(path, { write: true, create: true, mode: 0o644 })).close();
  } catch (err) {
    throw new SetUpError(`cannot make ${plan.what} ${path}: ${(err as Error).message}`, { cause: err });
  }
}
