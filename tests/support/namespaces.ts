/**
 * Network and mount namespaces of their own for a test node: its pods, mounts and rules are nobody else's, and are gone with it.
 *
 * A holder process keeps them open; others enter with nsenter and keep the pid that they were started with. Process ids are
 * the machine's own, so that a test can look at everything.
 */

/** A pair of addresses as a machine on a network has them: the node's own, and one "outside". */
export const nodeAddress = "192.0.2.1";

const setUp = `
mount --make-rshared /
ip link set lo up
ip link add eth0 type veth peer name outside
ip address add ${nodeAddress}/24 dev eth0
ip link set eth0 up
ip link set outside up
ip route add default via 192.0.2.254
echo ready
exec sleep infinity
`;

export interface CommandResult {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs a command to its end. */
export async function run(program: string, args: string[], env: Record<string, string> = {}): Promise<CommandResult> {
  const { code, stdout, stderr } = await new Deno.Command(program, { args, env, stdin: "null" }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

export class Namespaces implements AsyncDisposable {
  readonly #holder: Deno.ChildProcess;

  private constructor(holder: Deno.ChildProcess) {
    this.#holder = holder;
  }

  static async create(): Promise<Namespaces> {
    const holder = new Deno.Command("unshare", {
      args: ["--mount", "--net", "--propagation", "slave", "sh", "-ec", setUp],
      stdin: "null",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const reader = holder.stdout.getReader();
    const { value } = await reader.read();
    await reader.cancel();
    if (!value) throw new Error("Cannot make namespaces for a test node: unshare failed; tests must run as root");
    return new Namespaces(holder);
  }

  get pid(): number {
    return this.#holder.pid;
  }

  /** What to start in them: nsenter and its arguments. It becomes the program, under the same pid. */
  command(args: string[]): { program: string; args: string[] } {
    return { program: "nsenter", args: ["--target", String(this.pid), "--mount", "--net", "--", ...args] };
  }

  /** Runs a command in them to its end. */
  async run(...command: string[]): Promise<CommandResult> {
    const { program, args } = this.command(command);
    return await run(program, args);
  }

  /** Whether a process lives in one of them. */
  holds(pid: number): boolean {
    return ["mnt", "net"].some((kind) => {
      const own = readLink(`/proc/${this.pid}/ns/${kind}`);
      return own !== undefined && readLink(`/proc/${pid}/ns/${kind}`) === own;
    });
  }

  /** Mount points inside. */
  mounts(): string[] {
    return mountPoints(`/proc/${this.pid}/mountinfo`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#holder.kill("SIGKILL");
    } catch { /* it has ended */ }
    await this.#holder.status;
  }
}

/** The mount points of a mountinfo file. */
export function mountPoints(file: string): string[] {
  return Deno.readTextFileSync(file).trim().split("\n").map((line) =>
    line.split(" ")[4].replace(/\\([0-7]{3})/g, (_, code) => String.fromCharCode(parseInt(code, 8)))
  );
}

function readLink(path: string): string | undefined {
  try {
    return Deno.readLinkSync(path);
  } catch {
    return undefined;
  }
}
