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

export interface OtherMachine {
  /** Its own. */
  address: string;
  /** The node's, on that network. */
  nodeAddress: string;
  run(...command: string[]): Promise<CommandResult>;
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

  /** For as long as it is used: another machine, on a network of its own with the node. */
  async withMachine<T>(use: (machine: OtherMachine) => Promise<T>): Promise<T> {
    const holder = new Deno.Command("unshare", {
      args: ["--net", "sh", "-ec", "echo ready; exec sleep infinity"],
      stdin: "null",
      stdout: "piped",
    }).spawn();
    const inside = async (...command: string[]) => {
      const { code, stderr } = await this.run(...command);
      if (code !== 0) throw new Error(`Cannot run ${command.join(" ")}: ${stderr}`);
    };
    const machine = (...command: string[]) =>
      run("nsenter", ["--target", String(holder.pid), "--net", "--", ...command]);
    try {
      const reader = holder.stdout.getReader();
      await reader.read();
      await reader.cancel();
      await inside("ip", "link", "add", "lan0", "type", "veth", "peer", "name", "lan1");
      await inside("ip", "address", "add", "198.51.100.1/24", "dev", "lan0");
      await inside("ip", "link", "set", "lan0", "up");
      await inside("ip", "link", "set", "lan1", "netns", String(holder.pid));
      await machine("ip", "address", "add", "198.51.100.2/24", "dev", "lan1");
      await machine("ip", "link", "set", "lan1", "up");
      return await use({ address: "198.51.100.2", nodeAddress: "198.51.100.1", run: machine });
    } finally {
      await this.run("ip", "link", "delete", "lan0");
      holder.kill("SIGKILL");
      await holder.status;
    }
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
