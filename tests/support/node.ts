/**
 * A node for end-to-end tests: islet as a child process with directories, namespaces, a cgroup and a containerd of its own.
 *
 *     await using node = await TestNode.start();
 *     node.write("web.yaml", manifest(pod("web")));
 *     await node.ready("web");
 *
 * islet runs from source, or from the binary that ISLET_BIN names. The node's end ({@linkcode TestNode.end}) is a test in
 * itself: islet removes all pods, then nothing of them may be left; after islet and containerd have ended nothing at all.
 */
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { buildImages } from "../images/build.ts";
import { type CommandResult, Namespaces, run } from "./namespaces.ts";
import { NodeClient, patience, sleep } from "./node_client.ts";
import { stopwatch } from "./own_time.ts";
import { difference, podCgroups, type Traces, traces } from "./traces.ts";

export interface TestNodeOptions {
  /** Further flags of `islet run`. */
  flags?: string[];
  /** Manifests that are there before islet starts, by file name. */
  manifests?: Record<string, string>;
  /** Text of a configuration file. */
  config?: string;
  /** Whether the test images are preloaded; default: yes. */
  images?: boolean;
  /** Size of a small disk of the node's own for all that it has, such as `64m`; default: the machine's disk. */
  disk?: string;
  /** Variables of islet's environment. */
  env?: Record<string, string>;
  /** Size of a small file system of containerd's own, such as `64M`: ext4 on a loop device, whose file is on the machine's disk. */
  imageDisk?: string;
  /** Called with the node's directories before islet starts. */
  prepare?: (node: TestNode) => void | Promise<void>;
}

const repository = resolve(fileURLToPath(new URL("../..", import.meta.url)));

/** How islet is started: the binary under test, or this Deno with the source. */
export function isletCommand(): string[] {
  const binary = Deno.env.get("ISLET_BIN");
  if (binary) return [resolve(repository, binary)];
  return [Deno.execPath(), "run", "--allow-all", "--unstable-net", "--quiet", join(repository, "main.ts")];
}

export { sleep };

async function must(program: string, ...args: string[]): Promise<void> {
  const { code, stderr } = await run(program, args);
  if (code !== 0) throw new Error(`Cannot run ${program} ${args.join(" ")}: ${stderr}`);
}

export class TestNode extends NodeClient implements AsyncDisposable {
  readonly #options: TestNodeOptions;
  readonly #log: string;
  #islet: Deno.ChildProcess | undefined;
  #helpers = new Set<Deno.ChildProcess>();
  #before: Traces = [];
  #ended = false;

  private constructor(options: TestNodeOptions, dir: string, namespaces: Namespaces) {
    super(dir, namespaces);
    this.#options = options;
    this.#log = join(dir, "islet.log");
    for (const path of [this.rootDir, this.runDir]) Deno.mkdirSync(path, { mode: 0o700 });
    Deno.mkdirSync(this.manifests);
  }

  /** Makes a node and starts it; resolves when it is healthy and the test images are there. */
  static async start(options: TestNodeOptions = {}): Promise<TestNode> {
    const archive = options.images === false ? undefined : await buildImages(join(repository, ".cache/e2e-images"));
    const dir = await Deno.makeTempDir({ prefix: "islet-e2e-" });
    if (options.disk) await must("mount", "-t", "tmpfs", "-o", `size=${options.disk},mode=0755`, "islet-e2e", dir);
    const namespaces = await Namespaces.create();
    const node = new TestNode(options, dir, namespaces);
    try {
      if (options.imageDisk) await node.#mountImageDisk(options.imageDisk);
      node.#before = await node.traces();
      if (archive) {
        Deno.mkdirSync(join(node.rootDir, "images"));
        await Deno.copyFile(archive, join(node.rootDir, "images/busybox.tar"));
      }
      for (const [file, text] of Object.entries(options.manifests ?? {})) node.write(file, text);
      await options.prepare?.(node);
      await node.startIslet();
      return node;
    } catch (err) {
      await node.#tearDown().catch(() => {});
      throw err;
    }
  }

  /** Where containerd keeps images. */
  get imageDir(): string {
    return join(this.rootDir, "containerd/root");
  }

  get #imageFile(): string {
    return `${this.dir}.ext4`;
  }

  async #mountImageDisk(size: string): Promise<void> {
    const file = this.#imageFile;
    Deno.mkdirSync(this.imageDir, { recursive: true, mode: 0o700 });
    await must("truncate", "-s", size, file);
    await must("mkfs.ext4", "-q", "-m", "0", file);
    const { code, stderr } = await this.namespaces.run("mount", "-o", "loop", file, this.imageDir);
    if (code !== 0) throw new Error(`Cannot mount a disk for images: ${stderr}`);
  }

  // islet itself

  /** Starts islet; resolves when it is healthy. */
  async startIslet(flags: string[] = []): Promise<void> {
    if (this.#islet) throw new Error("Cannot start islet: it runs already");
    this.launchIslet(flags);
    await this.healthy();
  }

  /** Starts islet without waiting for anything. */
  launchIslet(flags: string[] = []): void {
    const config = join(this.dir, "config.yaml");
    if (this.#options.config !== undefined) Deno.writeTextFileSync(config, this.#options.config);
    const { program, args } = this.namespaces.command([
      "sh",
      "-c",
      'log=$1; shift; exec "$@" >>"$log" 2>&1',
      "sh",
      this.#log,
      ...isletCommand(),
      "run",
      ...(this.#options.config === undefined ? [] : ["--config", config]),
      "--root-dir",
      this.rootDir,
      "--run-dir",
      this.runDir,
      "--node-name",
      this.name,
      "--pod-manifest-path",
      this.manifests,
      "--cgroup-root",
      `/${this.cgroup}`,
      // a systemd of the machine knows nothing of the node's namespaces
      "--cgroup-driver",
      "cgroupfs",
      // what else fills the machine's disk must not evict a test's pods
      ...(/eviction/i.test(`${this.#options.config} ${this.#options.flags}`)
        ? []
        : ["--eviction-hard", "memory.available<100Mi"]),
      "--log-level",
      "debug",
      "--log-format",
      "text",
      ...this.#options.flags ?? [],
      ...flags,
    ]);
    const islet = new Deno.Command(program, { args, env: this.#options.env, stdin: "null" }).spawn();
    this.#islet = islet;
    islet.status.then(() => {
      if (this.#islet === islet) this.#islet = undefined;
    });
  }

  get isletPid(): number | undefined {
    return this.#islet?.pid;
  }

  async healthy(): Promise<void> {
    await this.until("islet answers /healthz", async () => {
      if (!this.#islet) throw new Error(`Cannot wait for islet: it has ended\n${this.logTail()}`);
      return (await this.api("/healthz").catch(() => undefined))?.ok;
    });
  }

  /** Ends islet as a power cut would. */
  async kill9(): Promise<void> {
    await this.#signal("SIGKILL");
  }

  /** Ends islet as systemd would; resolves with its exit code and how long that takes on a machine with nothing else to do. */
  async terminate(): Promise<{ code: number; ms: number }> {
    const watch = stopwatch();
    const { code } = await this.#signal("SIGTERM");
    return { code, ms: watch.ownMs };
  }

  /** Does something while islet stands still. */
  paused(work: () => void): void {
    Deno.kill(this.#islet!.pid, "SIGSTOP");
    try {
      work();
    } finally {
      Deno.kill(this.#islet!.pid, "SIGCONT");
    }
  }

  async restart(flags: string[] = []): Promise<void> {
    await this.terminate();
    await this.startIslet(flags);
  }

  async #signal(signal: Deno.Signal): Promise<Deno.CommandStatus> {
    const islet = this.#islet;
    if (!islet) throw new Error(`Cannot end islet: it does not run\n${this.logTail()}`);
    islet.kill(signal);
    const status = await islet.status;
    this.#islet = undefined;
    return status;
  }

  /** Runs a command of islet's command line against this node. */
  async islet(...args: string[]): Promise<CommandResult> {
    const [program, ...first] = isletCommand();
    return await run(program, [...first, ...args], { ISLET_SOCKET: this.socket });
  }

  /** The same with `--socket` of this node. */
  async cli(verb: string, ...args: string[]): Promise<CommandResult> {
    return await this.islet(verb, "--socket", this.socket, ...args);
  }

  /** islet's own log, all lives. */
  log(): string {
    try {
      return Deno.readTextFileSync(this.#log);
    } catch {
      return "";
    }
  }

  override logTail(lines = 50, pod = ""): string {
    const all = this.log().trimEnd().split("\n").filter((line) => line.includes(pod));
    return `--- islet's log ends with:\n${all.slice(-lines).join("\n")}`;
  }

  // Manifests

  /** Writes a manifest in one step. */
  write(file: string, text: string): void {
    const hidden = join(this.manifests, `.${file.replaceAll("/", "_")}.tmp`);
    Deno.writeTextFileSync(hidden, text);
    Deno.renameSync(hidden, join(this.manifests, file));
  }

  remove(file: string): void {
    Deno.removeSync(join(this.manifests, file));
  }

  /** Runs a command where islet runs: in the node's network. */
  async inside(...command: string[]): Promise<CommandResult> {
    return await this.namespaces.run(...command);
  }

  /** Starts a helper of a test where islet runs, such as a registry. It is ended with the node at the latest. */
  spawn(...command: string[]): Deno.ChildProcess {
    const { program, args } = this.namespaces.command(command);
    const helper = new Deno.Command(program, { args, stdin: "null", stdout: "null", stderr: "null" }).spawn();
    this.#helpers.add(helper);
    helper.status.then(() => this.#helpers.delete(helper));
    return helper;
  }

  // The end

  async traces(): Promise<Traces> {
    return await traces({
      dir: this.dir,
      rootDir: this.rootDir,
      runDir: this.runDir,
      cgroup: this.cgroup,
      namespaces: this.namespaces,
    });
  }

  /** containerd's pid. */
  get containerdPid(): number {
    return Number(Deno.readTextFileSync(join(this.runDir, "containerd.pid")).split(" ")[0]);
  }

  /**
   * Ends the node and throws when something is left. First islet must remove all pods without leaving anything of them, then
   * it and containerd end and there must be no trace of them.
   */
  async end(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    const problems: string[] = [];
    try {
      problems.push(...await this.#removePods());
    } catch (err) {
      problems.push((err as Error).message);
    }
    try {
      problems.push(...await this.#tearDown());
    } catch (err) {
      problems.push(`${(err as Error).stack}\n${this.logTail()}`);
    }
    if (problems.length === 0) return;
    throw new Error(`After the test something is left of the node:\n${problems.join("\n")}`);
  }

  /** islet removes all pods: nothing that belongs to pods may stay. */
  async #removePods(): Promise<string[]> {
    for (const { name } of Deno.readDirSync(this.manifests)) {
      await Deno.remove(join(this.manifests, name), { recursive: true });
    }
    if (!this.#islet) await this.startIslet();
    for (const { metadata: { namespace, name, annotations } } of await this.pods()) {
      if (annotations?.["kubernetes.io/config.source"] === "file") continue;
      const answer = await this.api(`/api/v1/namespaces/${namespace}/pods/${name}`, { method: "DELETE" });
      await answer.body?.cancel();
    }
    await this.until(
      "islet has removed all pods",
      async () => (await this.pods()).length === 0 && (await this.runtimeIds()).length === 0,
      {
        tell: async () =>
          JSON.stringify(
            [(await this.pods()).map(({ metadata, status }) => ({ metadata, status })), await this.runtimeIds()],
            null,
            1,
          ),
      },
    );
    // What is the node's own while it runs: itself, containerd, and the rules of its network.
    const own = new RegExp(
      `^process: (${
        [this.#islet, ...this.#helpers].map((one) => one?.pid).join("|")
      }|${this.containerdPid}) |^route: |^nft rule: ip6? islet-(?:cni|own|proxy) |^nft rule: ip nat (CNI-HOSTPORT|PREROUTING|OUTPUT|POSTROUTING)`,
    );
    let left: Traces = [];
    const pending = () => left.filter((trace) => !own.test(trace));
    await this.until("nothing of the pods is left", async () => {
      left = difference(this.#before, await this.traces());
      return pending().length === 0;
    }, { timeoutMs: 30_000 }).catch(() => {});
    return pending().map((trace) => `of its pods: ${trace}`);
  }

  async #tearDown(): Promise<string[]> {
    const problems: string[] = [];
    if (this.#islet) {
      const { code, ms } = await this.terminate();
      if (code !== 0) problems.push(`islet ended with exit code ${code}\n${this.logTail(10)}`);
      if (ms > 3000 * patience) problems.push(`islet took ${Math.round(ms)} ms to end`);
    }
    this.hangUp();
    for (const helper of this.#helpers) {
      helper.kill("SIGKILL");
      await helper.status;
    }
    const { code, stderr } = await this.namespaces.run(
      Deno.execPath(),
      "run",
      "--allow-all",
      "--quiet",
      join(repository, "tests/support/remove_test_node.ts"),
      this.rootDir,
      this.runDir,
      this.cgroup,
    );
    if (code !== 0) problems.push(`Cannot remove the node: ${stderr}`);
    let left: Traces = [];
    const end = performance.now() + 30_000 * patience;
    do {
      left = difference(this.#before, await this.traces());
    } while (left.length > 0 && performance.now() < end && (await sleep(100), true));
    problems.push(...left);
    await this.namespaces[Symbol.asyncDispose]();
    const keep = Deno.env.get("ISLET_E2E_KEEP_LOG");
    if (keep) await Deno.copyFile(this.#log, keep);
    problems.push(...podCgroups(this.cgroup));
    if (this.#options.disk) await must("umount", this.dir);
    await Deno.remove(this.dir, { recursive: true });
    if (this.#options.imageDisk) await Deno.remove(this.#imageFile);
    return problems;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }
}
