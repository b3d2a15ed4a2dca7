/**
 * Fuzzes the API over its socket: `deno task fuzz [REQUESTS] [SEED]` (1,000,000 requests unless told otherwise). Fails when an
 * answer is a 5xx, when the process dies or tells of a problem, or when its memory does not come back.
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Random } from "./random.ts";
import { type FuzzRequest, randomRequest, requestBytes } from "./requests.ts";

export interface FuzzResult {
  requests: number;
  /** Answers by status. */
  statuses: Map<number, number>;
  /** What is wrong, the first of each kind with its request. */
  failures: string[];
  /** Resident bytes of its own after a warm-up and at the end, everything made deleted, garbage collected. */
  rss: { before: number; after: number };
}

/** Connections at a time. */
const width = 8;
/** Requests after which memory is looked at first: everything that is loaded lazily is there, caches are full. */
const warmUp = 20_000;

export async function fuzz(
  requests: number,
  seed: number,
  tell: (line: string) => void = () => {},
): Promise<FuzzResult> {
  const dir = await Deno.makeTempDir({ prefix: "islet-fuzz-" });
  const program = fileURLToPath(new URL("server.ts", import.meta.url));
  const server = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "--no-check",
      "--v8-flags=--expose-gc,--lite-mode,--max-lazy,--optimize-for-size",
      "--unstable-net",
      program,
      dir,
    ],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const output = server.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const input = server.stdin.getWriter();
  let dead = false;
  server.status.then(() => dead = true);
  const look = async (): Promise<{ rss: number; problems: string[] }> => {
    await input.write(new TextEncoder().encode("\n"));
    let text = "";
    while (!text.endsWith("\n")) text += (await output.read()).value ?? "\n";
    return JSON.parse(text);
  };
  const result: FuzzResult = { requests: 0, statuses: new Map(), failures: [], rss: { before: 0, after: 0 } };
  const kinds = new Set<string>();
  const fail = (kind: string, text: string) => {
    if (kinds.has(kind) || kinds.size > 20) return;
    kinds.add(kind);
    result.failures.push(text);
  };
  try {
    if (!(await output.read()).value?.startsWith("ready")) throw new Error("The API to be fuzzed did not start");
    const path = join(dir, "api.sock");
    const run = async (from: number, to: number) => {
      const stage = async (lane: number) => {
        const random = new Random(seed * 1000 + from + lane);
        await using client = new Client(path);
        for (let i = from + lane; i < to && !dead; i += width) {
          const request = randomRequest(random);
          const bytes = requestBytes(request, random);
          const status = await client.ask(bytes, request).catch((err) => {
            if (dead) fail("dead", `the process died of ${shown(request)}`);
            else fail(`no answer ${err.message}`, `${err.message}: ${shown(request)}`);
            return 0;
          });
          result.requests++;
          result.statuses.set(status, (result.statuses.get(status) ?? 0) + 1);
          // a Service without endpoints is that, when asked through the API
          const isNobody = status === 503 && request.path.includes("/proxy");
          if (status >= 500 && !isNobody) {
            fail(`${status} ${request.method} ${request.path.split("?")[0]}`, `${status} for ${shown(request)}`);
          }
          if (result.requests % 50_000 === 0) tell(`${result.requests} requests`);
        }
      };
      await Promise.all(Array.from({ length: width }, (_, lane) => stage(lane)));
    };
    const settle = async () => {
      await clean(path);
      const { rss, problems } = await look();
      for (const problem of problems) fail(problem.slice(0, 60), problem);
      return rss;
    };
    const first = Math.min(warmUp, Math.floor(requests / 3));
    await run(0, first);
    if (!dead) result.rss.before = await settle();
    await run(first, requests);
    if (!dead) result.rss.after = await settle();
    if (dead) fail("died", "the process died");
  } finally {
    await input.abort().catch(() => {});
    try {
      server.kill("SIGKILL");
    } catch { /* it is dead */ }
    await server.status;
    await output.cancel();
    await Deno.remove(dir, { recursive: true });
  }
  return result;
}

/** Deletes all that was made. */
async function clean(path: string): Promise<void> {
  await using client = new Client(path);
  const kinds = [
    "pods",
    "services",
    "configmaps",
    "secrets",
    "endpoints",
    "persistentvolumeclaims",
    "events",
    "serviceaccounts",
  ].map((kind) => `/api/v1/namespaces/default/${kind}`);
  kinds.push("/api/v1/persistentvolumes", "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices");
  kinds.push(
    "/apis/coordination.k8s.io/v1/namespaces/default/leases",
    "/apis/scheduling.k8s.io/v1/priorityclasses",
    "/apis/node.k8s.io/v1/runtimeclasses",
  );
  for (const kind of ["roles", "rolebindings"]) {
    kinds.push(`/apis/rbac.authorization.k8s.io/v1/namespaces/default/${kind}`);
  }
  for (const kind of ["clusterroles", "clusterrolebindings"]) kinds.push(`/apis/rbac.authorization.k8s.io/v1/${kind}`);
  for (const kind of kinds) {
    const request: FuzzRequest = { method: "DELETE", path: `${kind}?gracePeriodSeconds=0`, headers: [] };
    await client.ask(requestBytes(request, new Random(1)), request);
  }
}

function shown({ method, path, headers, body }: FuzzRequest): string {
  const text = body ? new TextDecoder().decode(body.subarray(0, 600)) : "";
  return `${method} ${path} ${JSON.stringify(headers)} ${text}`;
}

/** One connection that is kept, and made anew when the server has ended it. */
class Client implements AsyncDisposable {
  #connection?: Deno.Conn;
  #rest = new Uint8Array(0);
  readonly #buffer = new Uint8Array(64 * 1024);
  readonly #decoder = new TextDecoder("latin1");

  constructor(private readonly path: string) {}

  /** Sends and reads the answer; resolves with its status. A watch is left after its head. */
  async ask(bytes: Uint8Array, { method }: FuzzRequest): Promise<number> {
    for (let attempt = 0;; attempt++) {
      const fresh = this.#connection === undefined;
      this.#connection ??= await Deno.connect({ transport: "unix", path: this.path });
      try {
        await this.#send(bytes);
        const { status, headers } = await this.#head();
        const length = /content-length: *(\d+)/i.exec(headers)?.[1];
        const bodyless = method === "HEAD" || status === 204 || status === 304 || status < 200;
        // Who goes on without an end is left: watches, followed logs, upgraded connections.
        if (status === 101 || (!bodyless && length === undefined) || /connection: *close/i.test(headers)) this.#drop();
        else if (!bodyless) await this.#skip(Number(length));
        return status;
      } catch (err) {
        this.#drop();
        // A connection that was kept may end whenever the server likes.
        if (fresh || attempt > 0) throw err;
      }
    }
  }

  async #send(bytes: Uint8Array): Promise<void> {
    try {
      for (let at = 0; at < bytes.length;) at += await this.#connection!.write(bytes.subarray(at));
    } catch { /* it may have answered before it has read everything */ }
  }

  async #head(): Promise<{ status: number; headers: string }> {
    for (;;) {
      const text = this.#decoder.decode(this.#rest);
      const end = text.indexOf("\r\n\r\n");
      if (end >= 0) {
        const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0);
        this.#rest = this.#rest.slice(end + 4);
        if (status === 100) continue;
        return { status, headers: text.slice(0, end) };
      }
      await this.#more();
    }
  }

  async #skip(length: number): Promise<void> {
    while (this.#rest.length < length) {
      length -= this.#rest.length;
      this.#rest = new Uint8Array(0);
      await this.#more();
    }
    this.#rest = this.#rest.slice(length);
  }

  async #more(): Promise<void> {
    const timer = setTimeout(() => this.#drop(), 30_000);
    try {
      const count = await this.#connection?.read(this.#buffer) ?? null;
      if (count === null) throw new Error("the connection ended without an answer");
      const all = new Uint8Array(this.#rest.length + count);
      all.set(this.#rest);
      all.set(this.#buffer.subarray(0, count), this.#rest.length);
      this.#rest = all;
    } finally {
      clearTimeout(timer);
    }
  }

  #drop(): void {
    try {
      this.#connection?.close();
    } catch { /* closed already */ }
    this.#connection = undefined;
    this.#rest = new Uint8Array(0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#drop();
  }
}

if (import.meta.main) {
  const [requests = 1_000_000, seed = Math.floor(Math.random() * 2 ** 31)] = Deno.args.map(Number);
  console.log(`${requests} requests from seed ${seed}`);
  const began = performance.now();
  const { statuses, failures, rss } = await fuzz(requests, seed, (line) => console.log(line));
  const took = (performance.now() - began) / 1000;
  console.log([...statuses].sort(([a], [b]) => a - b).map(([status, count]) => `${status}: ${count}`).join("  "));
  console.log(`${took.toFixed(0)} s, ${Math.round(requests / took)} requests/s`);
  console.log(`RSS ${(rss.before / 1e6).toFixed(1)} → ${(rss.after / 1e6).toFixed(1)} MB`);
  for (const failure of failures) console.error(failure);
  if (failures.length > 0 || rss.after - rss.before > 10e6) Deno.exit(1);
}
