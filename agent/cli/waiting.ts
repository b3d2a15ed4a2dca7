/** Waiting for pods, with a line on a terminal that says what they are waiting for. */
import { parseDuration } from "../duration.ts";
import type { Pod } from "../objects/mod.ts";
import type { Explanation } from "../why/mod.ts";
import type { Arguments, Flag } from "./arguments.ts";
import { apiPath, type Client, ServerError } from "./client.ts";
import { lines, warn, write } from "./output.ts";
import { UsageError } from "./usage.ts";

export const timeoutFlag: Flag = {
  name: "timeout",
  value: "DURATION",
  help: "give up after this time: 30s, 5m; 0: never",
};

/** The time in milliseconds; Infinity for 0. */
export function timeoutOf(args: Pick<Arguments, "get">, usual: number): number {
  const text = args.get("timeout");
  if (text === undefined) return usual;
  const ms = text === "0" ? 0 : parseDuration(text);
  if (ms === undefined || ms < 0) {
    throw new UsageError(`invalid value ${JSON.stringify(text)} for --timeout: it is a duration such as 30s or 5m`);
  }
  return ms === 0 ? Infinity : ms;
}

/** One line on a terminal's last row, drawn anew; nothing where standard error is no terminal. */
export class ProgressLine {
  readonly #encoder = new TextEncoder();
  /** Whether anybody sees it. */
  readonly live = Deno.stderr.isTerminal();
  #shown = false;

  show(text: string): void {
    if (!this.live) return;
    const { columns } = Deno.consoleSize();
    this.#say(`\r${[...text].slice(0, columns - 1).join("")}\x1b[K`);
    this.#shown = true;
  }

  clear(): void {
    if (this.#shown) this.#say("\r\x1b[K");
    this.#shown = false;
  }

  #say(text: string): void {
    write(this.#encoder.encode(text), Deno.stderr);
  }
}

/** Waits until a pod is ready or has succeeded; says why not otherwise. */
export async function waitUntil(
  client: Client,
  { namespace, name }: { namespace: string; name: string },
  timeoutMs: number,
): Promise<boolean> {
  const progress = new ProgressLine();
  const why = async () =>
    await client.json<Explanation>(
      `/islet/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}/why`,
      { accept: "application/json" },
    );
  const look = () => void why().then(({ headline }) => progress.show(headline)).catch(() => {});
  const ticker = progress.live ? setInterval(look, 500) : undefined;
  try {
    const done = await untilObject<Pod>(client, {
      path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods`,
      name,
      timeoutMs,
      done: (pod) => pod === undefined || isReadyOrDone(pod) || pod.status?.phase === "Failed",
    });
    progress.clear();
    if (done.met && done.object && isReadyOrDone(done.object)) return true;
    const { headline } = await why();
    warn(done.met ? headline : `timed out: ${headline}`);
    return false;
  } catch (err) {
    if (!(err instanceof ServerError)) throw err;
    warn(err.message);
    return false;
  } finally {
    clearInterval(ticker);
    progress.clear();
  }
}

function isReadyOrDone({ status }: Pod): boolean {
  return status?.phase === "Succeeded" ||
    (status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false);
}

/**
 * Watches one object until `done` (called with undefined when it is not there) or the time is over.
 */
export async function untilObject<T extends { metadata: { resourceVersion?: string } }>(
  client: Client,
  { path, name, timeoutMs, done }: {
    path: string;
    name: string;
    timeoutMs: number;
    done: (object: T | undefined) => boolean;
  },
): Promise<{ met: boolean; object?: T }> {
  const deadline = Date.now() + timeoutMs;
  const fieldSelector = `metadata.name=${name}`;
  let object: T | undefined;
  while (Date.now() < deadline) {
    const list = await client.json<{ items: T[]; metadata: { resourceVersion: string } }>(
      apiPath(path, { fieldSelector }),
    );
    object = list.items[0];
    if (done(object)) return { met: true, object };
    const left = deadline - Date.now();
    if (left <= 0) break;
    const abort = new AbortController();
    const timer = Number.isFinite(left) ? setTimeout(() => abort.abort(), left) : undefined;
    try {
      const { resourceVersion } = list.metadata;
      const answer = await client.get(apiPath(path, { fieldSelector, watch: true, resourceVersion }), {}, abort.signal);
      for await (const line of lines(answer.body!)) {
        const { type, object: changed } = JSON.parse(line) as { type: string; object: T };
        if (type === "BOOKMARK") continue;
        if (type === "ERROR") break;
        object = type === "DELETED" ? undefined : changed;
        if (done(object)) return { met: true, object };
      }
    } catch (err) {
      if (!abort.signal.aborted) throw err;
    } finally {
      clearTimeout(timer);
      abort.abort();
    }
  }
  return { met: false, object };
}
