/**
 * What a test asks of a node, from outside: its API, its pods and their events, its runtime, what containers say, and waiting for
 * all of it. Machines are busy: a wait gives up late, and no test should hurry.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Event } from "../../agent/telemetry/events.ts";
import { connectCri, type CriClient } from "../../cri/mod.ts";
import type { CommandResult, Namespaces } from "./namespaces.ts";
import { containerId, isReady, type Pod } from "./pods.ts";
import type { NodePlaces } from "./traces.ts";

/** How many times as long everything may take here as on a machine of today: an emulated one is slow. */
export const patience = Number(Deno.env.get("ISLET_TEST_PATIENCE") ?? 1);

/** What is not so by then never will be: long, for it costs nothing where all is well. */
export const patienceMs = 120_000 * patience;

export const sleep = (ms: number) => new Promise<void>((done) => setTimeout(done, ms));

export abstract class NodeClient implements NodePlaces {
  readonly name: string;
  readonly rootDir: string;
  readonly runDir: string;
  readonly manifests: string;
  readonly socket: string;
  /** Name of the node's top cgroup. */
  readonly cgroup: string;
  readonly cri: CriClient;
  readonly #client: Deno.HttpClient;

  constructor(readonly dir: string, readonly namespaces: Namespaces) {
    const id = dir.slice(-6).toLowerCase();
    this.name = `node-${id.replaceAll(/[^a-z0-9]/g, "x")}`;
    this.rootDir = join(dir, "root");
    this.runDir = join(dir, "run");
    this.manifests = join(dir, "manifests");
    this.socket = join(this.runDir, "islet.sock");
    this.cgroup = `islet-e2e-${id}`;
    this.#client = Deno.createHttpClient({ proxy: { transport: "unix", path: this.socket } });
    this.cri = connectCri(`unix://${this.runDir}/containerd.sock`);
  }

  /** The end of islet's log, or of what it says of one pod. */
  abstract logTail(lines?: number, pod?: string): string;

  /** Lets go of its connections. */
  protected hangUp(): void {
    this.cri.close();
    this.#client.close();
  }

  // The API

  async api(path: string, init: RequestInit = {}): Promise<Response> {
    return await fetch(`http://localhost${path}`, {
      signal: AbortSignal.timeout(60_000 * patience),
      ...init,
      client: this.#client,
    });
  }

  /** The administrator's kubeconfig, when the API answers over TLS; from inside the node's network. */
  async kubeconfig(): Promise<string> {
    const path = join(this.rootDir, "admin.kubeconfig");
    const health = ["curl", "--silent", "--insecure", "--max-time", "60", "https://127.0.0.1:6550/healthz"];
    await this.until(
      "the API answers over TLS",
      async () => existsSync(path) && (await this.namespaces.run(...health)).stdout === "ok",
    );
    return path;
  }

  async #json<T>(path: string): Promise<T | undefined> {
    const answer = await this.api(path);
    if (answer.status === 404) return void await answer.body?.cancel();
    if (!answer.ok) throw new Error(`Cannot read ${path}: ${answer.status} ${await answer.text()}`);
    return await answer.json();
  }

  async pods(): Promise<Pod[]> {
    return (await this.#json<{ items: Pod[] }>("/api/v1/pods"))!.items;
  }

  async pod(name: string, namespace = "default"): Promise<Pod | undefined> {
    return await this.#json<Pod>(`/api/v1/namespaces/${namespace}/pods/${name}`);
  }

  async events(name?: string): Promise<Event[]> {
    const { items } = (await this.#json<{ items: Event[] }>("/api/v1/events"))!;
    return items.filter(({ involvedObject }) => name === undefined || involvedObject.name === name);
  }

  // Waiting

  /** Waits until `look` gives something that is true, and returns that. */
  async until<T>(what: string, look: () => T | Promise<T>, options: {
    timeoutMs?: number;
    everyMs?: number;
    tell?: () => string | Promise<string>;
    /** The pod that the log is to be about. */
    pod?: string;
  } = {}): Promise<NonNullable<T>> {
    const { everyMs = 100, tell = () => "", pod } = options;
    const timeoutMs = options.timeoutMs === undefined ? patienceMs : options.timeoutMs * patience;
    const end = performance.now() + timeoutMs;
    for (;;) {
      const result = await look();
      if (result) return result;
      if (performance.now() > end) {
        const told = await tell();
        throw new Error(`Waited ${timeoutMs / 1000} s in vain until ${what}\n${told}\n${this.logTail(50, pod)}`);
      }
      await sleep(everyMs);
    }
  }

  /** Waits until the pod is there and as wanted. */
  async podUntil(
    name: string,
    what: string,
    wanted: (pod: Pod) => unknown,
    options: { timeoutMs?: number; namespace?: string } = {},
  ): Promise<Pod> {
    let last: Pod | undefined;
    return await this.until(`pod ${name} ${what}`, async () => {
      last = await this.pod(name, options.namespace);
      return last && wanted(last) ? last : undefined;
    }, {
      timeoutMs: options.timeoutMs,
      pod: `/${name}`,
      tell: async () => {
        const events = (await this.events(name).catch(() => []))
          .map(({ type, reason, message, count }) => `  ${type} ${reason} x${count} ${message}`).join("\n");
        return `--- the pod:\n${
          JSON.stringify({ ...last?.metadata, ...last?.status }, null, 1)
        }\n--- its events:\n${events}`;
      },
    });
  }

  async ready(name: string, options: { timeoutMs?: number; namespace?: string } = {}): Promise<Pod> {
    return await this.podUntil(name, "is ready", isReady, options);
  }

  /** Waits until the pod's row is gone. */
  async gone(name: string, options: { timeoutMs?: number; namespace?: string } = {}): Promise<void> {
    await this.until(`pod ${name} is gone`, async () => !(await this.pod(name, options.namespace)), {
      timeoutMs: options.timeoutMs,
      pod: `/${name}`,
      tell: async () => JSON.stringify((await this.pod(name, options.namespace))?.status, null, 1),
    });
  }

  /** Waits for an event of the pod with this reason (and in whose message `text` occurs). */
  async event(name: string, reason: string, text = ""): Promise<Event> {
    return await this.until(
      `pod ${name} has an event ${reason} ${text}`,
      async () => (await this.events(name)).find((event) => event.reason === reason && event.message.includes(text)),
      {
        pod: `/${name}`,
        tell: async () =>
          (await this.events(name)).map(({ type, reason, message }) => `${type} ${reason} ${message}`).join("\n"),
      },
    );
  }

  // Containers

  /** All of the node's containers as the runtime has them, in whatever state. */
  async containers() {
    return (await this.cri.runtime.listContainers({})).containers;
  }

  async sandboxes() {
    return (await this.cri.runtime.listPodSandbox({})).items;
  }

  /** IDs of the containers and sandboxes there are: the same again when nothing was restarted. */
  async runtimeIds(): Promise<string[]> {
    const [containers, sandboxes] = await Promise.all([this.containers(), this.sandboxes()]);
    return [...containers.map(({ id }) => `container ${id}`), ...sandboxes.map(({ id }) => `sandbox ${id}`)].sort();
  }

  /** Runs a command in a container of a pod; throws when the container does not run. */
  async exec(pod: Pod | string, command: string[] | string, containerName?: string): Promise<CommandResult> {
    const object = typeof pod === "string" ? await this.pod(pod) : pod;
    if (!object) throw new Error(`Cannot run a command in pod ${pod}: there is no such pod`);
    const cmd = typeof command === "string" ? ["sh", "-c", command] : command;
    const { exitCode, stdout, stderr } = await this.cri.runtime.execSync({
      containerId: containerId(object, containerName),
      cmd,
      timeout: BigInt(Math.ceil(60 * patience)),
    }, { timeoutMs: 70_000 * patience });
    const decoder = new TextDecoder();
    return { code: exitCode, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
  }

  /** Standard output of a command that must succeed, without the last newline. */
  async output(pod: Pod | string, command: string[] | string, containerName?: string): Promise<string> {
    const { code, stdout, stderr } = await this.exec(pod, command, containerName);
    if (code !== 0) throw new Error(`Cannot run ${command}: exit code ${code}, ${stderr}${stdout}`);
    return stdout.trimEnd();
  }

  /** Directory of a container's log files, as log collectors find it. */
  logDirectory(pod: Pod, containerName: string): string {
    const { namespace, name, uid } = pod.metadata;
    return join(this.rootDir, "logs/pods", `${namespace}_${name}_${uid}`, containerName);
  }

  /** What a container wrote in one attempt (default: the last), from its log file. */
  logs(pod: Pod, containerName = "main", attempt?: number): string {
    const dir = this.logDirectory(pod, containerName);
    const attempts = existsSync(dir)
      ? [...Deno.readDirSync(dir)].map(({ name }) => /^(\d+)\.log$/.exec(name)?.[1]).filter((n) => n !== undefined)
      : [];
    const wanted = attempt ?? Math.max(...attempts.map(Number));
    if (attempts.length === 0 || !attempts.includes(String(wanted))) return "";
    return Deno.readTextFileSync(join(dir, `${wanted}.log`)).split("\n").map((line) => {
      const [, , tag, text] = /^(\S+) (?:stdout|stderr) ([FP])\S* (.*)$/s.exec(line) ?? [];
      return text === undefined ? "" : tag === "F" ? text + "\n" : text;
    }).join("");
  }

  /** Waits until a container's log holds the text; returns the log. */
  async logged(name: string, text: string | RegExp, containerName = "main"): Promise<string> {
    let last = "";
    return await this.until(`the log of ${name}/${containerName} holds ${text}`, async () => {
      const pod = await this.pod(name);
      last = pod ? this.logs(pod, containerName) : "";
      return (typeof text === "string" ? last.includes(text) : text.test(last)) ? last : undefined;
    }, { tell: () => `--- the log:\n${last}` });
  }

  /** Reads a file of a pod's cgroup: cgroup v1's controller, or v2. */
  cgroupFile(controller: string, path: string, file: string): string {
    const v1 = `/sys/fs/cgroup/${controller}/${this.cgroup}/${path}/${file}`;
    return Deno.readTextFileSync(existsSync(v1) ? v1 : `/sys/fs/cgroup/${this.cgroup}/${path}/${file}`).trim();
  }
}
