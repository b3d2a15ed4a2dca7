/**
 * Debian's Prometheus, for tests: the programs are taken out of the package, which is not installed, since that would start a
 * server on the machine.
 */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "./namespaces.ts";

const cache = resolve(fileURLToPath(new URL("../../.cache/prometheus", import.meta.url)));

/** The directory that has `prometheus` and `promtool`. */
export async function prometheusPrograms(): Promise<string> {
  const bin = join(cache, "usr/bin");
  if (existsSync(join(bin, "prometheus"))) return bin;
  await Deno.mkdir(cache, { recursive: true });
  const dir = await Deno.makeTempDir({ dir: cache });
  try {
    // the lists may be older than what the mirrors have
    if (!await fetchPackage(dir)) {
      await must("apt-get", ["update", "--quiet"]);
      if (!await fetchPackage(dir)) throw new Error("Cannot fetch the package prometheus: apt-get download has none");
    }
    const [archive] = [...Deno.readDirSync(dir)].map(({ name }) => name).filter((name) => name.endsWith(".deb"));
    await must("dpkg-deb", ["--extract", join(dir, archive), join(dir, "all")]);
    await Deno.mkdir(join(cache, "usr"), { recursive: true });
    await Deno.rename(join(dir, "all/usr/bin"), bin);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
  return bin;
}

async function fetchPackage(dir: string): Promise<boolean> {
  const { code } = await run("sh", ["-c", 'cd "$1" && exec apt-get download --quiet prometheus', "sh", dir]);
  return code === 0;
}

async function must(program: string, args: string[]): Promise<void> {
  const { code, stderr } = await run(program, args);
  if (code !== 0) throw new Error(`Cannot run ${program} ${args.join(" ")}: ${stderr}`);
}

export interface Series {
  metric: Record<string, string>;
  value?: [number, string];
}

/** A server with a configuration file, a directory and a port of its own. */
export class Prometheus implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #dir: string;
  readonly #port: number;

  private constructor(process: Deno.ChildProcess, dir: string, port: number) {
    this.#process = process;
    this.#dir = dir;
    this.#port = port;
  }

  static async start(configFile: string): Promise<Prometheus> {
    const program = join(await prometheusPrograms(), "prometheus");
    const dir = await Deno.makeTempDir({ prefix: "islet-prometheus-" });
    const port = freePort();
    const process = new Deno.Command(program, {
      args: [`--config.file=${configFile}`, `--storage.tsdb.path=${dir}`, `--web.listen-address=127.0.0.1:${port}`],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    return new Prometheus(process, dir, port);
  }

  /** The data of an answer; undefined while the server is not ready. @throws with what it says of a wrong question. */
  async #ask<T>(path: string, query: Record<string, string> = {}): Promise<T | undefined> {
    const url = `http://127.0.0.1:${this.#port}/api/v1/${path}?${new URLSearchParams(query)}`;
    const answer = await fetch(url).catch(() => undefined);
    if (!answer || answer.status === 503) return void await answer?.body?.cancel();
    const { status, data, error } = await answer.json();
    if (status !== "success") throw new Error(`Prometheus refuses ${JSON.stringify(query)}: ${error}`);
    return data;
  }

  /** Targets with their health: `up`, `down`, `unknown`. */
  async targets(): Promise<{ scrapeUrl: string; health: string; lastError: string }[]> {
    const data = await this.#ask<{ activeTargets: { scrapeUrl: string; health: string; lastError: string }[] }>(
      "targets",
    );
    return data?.activeTargets ?? [];
  }

  /** What the expression is now: a number is a series without labels. */
  async query(expr: string): Promise<Series[]> {
    const data = await this.#ask<{ resultType: string; result: Series[] }>("query", { query: expr });
    return data?.resultType === "scalar" ? [{ metric: {} }] : data?.result ?? [];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGTERM");
    await this.#process.status;
    await Deno.remove(this.#dir, { recursive: true });
  }
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
