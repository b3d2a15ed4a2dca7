/**
 * Network namespaces that this process enters itself: sockets opened inside stay there, so one process is every host of a test at
 * once. Only the main thread goes in; what it starts meanwhile is inside too.
 */
import { run } from "../support/namespaces.ts";

const symbols = {
  open: { parameters: ["buffer", "i32"], result: "i32" },
  setns: { parameters: ["i32", "i32"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;
const libc = Deno.dlopen("libc.so.6", symbols).symbols;
const cloneNewNet = 0x40000000, cloexec = 0o2000000;

function open(path: string): number {
  const fd = libc.open(new TextEncoder().encode(`${path}\0`), cloexec);
  if (fd < 0) throw new Error(`Cannot open ${path}`);
  return fd;
}

const home = open("/proc/thread-self/ns/net");
let last: Promise<void> = Promise.resolve();

/** One host of a test's network. */
export class Host {
  readonly #fd: number;

  private constructor(readonly name: string, readonly namespace: string) {
    this.#fd = open(`/run/netns/${namespace}`);
  }

  /** Makes a namespace with `lo` up; `namespace` must be unique on the machine. */
  static async create(name: string, namespace: string): Promise<Host> {
    await ip(["netns", "add", namespace]);
    await ip(["-netns", namespace, "link", "set", "lo", "up"]);
    return new Host(name, namespace);
  }

  /** Runs `fn` inside, after those who came before: there is one main thread. So not within another. */
  enter<T>(fn: () => T | Promise<T>): Promise<T> {
    const result = last.then(async () => {
      if (libc.setns(this.#fd, cloneNewNet) !== 0) throw new Error(`Cannot enter ${this.namespace}`);
      try {
        return await fn();
      } finally {
        libc.setns(home, cloneNewNet);
      }
    });
    last = result.then(() => {}, () => {});
    return result;
  }
}

/** Removes namespaces by name; those that are not there do not matter. */
export async function removeNamespaces(names: readonly string[]): Promise<void> {
  for (const name of names) await run("ip", ["netns", "delete", name]);
}

/** Runs `ip`. @throws with what it says. */
export async function ip(args: readonly string[]): Promise<void> {
  const { code, stderr } = await run("ip", [...args]);
  if (code !== 0) throw new Error(`Cannot run ip ${args.join(" ")}: ${stderr.trim()}`);
}
