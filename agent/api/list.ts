/**
 * Lists and watches, the same for every resource: selectors, the list object, a Table for clients that ask for one, and
 * `watch=true`: a line of JSON an event, beginning with what is there. A watcher that does not keep up is ended, never
 * waited for.
 */
import type { Context } from "hono";
import type { Clock } from "../clock.ts";
import { type Column, type TableObject, tableOf } from "./printers/table.ts";
import { type Fields, fieldSelector, labelSelector } from "./selectors.ts";
import { ApiError, badRequest } from "./status.ts";

export type WatchType = "ADDED" | "MODIFIED" | "DELETED";

interface Listable extends TableObject {
  metadata: { name: string; namespace?: string; resourceVersion?: string; labels?: Record<string, string> };
}

export interface Resource<T extends Listable> {
  /** `PodList`. */
  kind: string;
  resourceVersion(): string;
  list(): T[];
  /** Tells of every change from now on; returns what ends it. */
  watch(tell: (type: WatchType, object: T, previous?: T) => void): () => void;
  fields: Fields<T>;
  columns: readonly Column[];
  row(object: T): string[];
  closing: AbortSignal;
  clock: Clock;
}

/** What a watcher may lie behind. */
const maxQueued = 4 * 1024 * 1024;

/** Whether the client wants its objects printed: `application/json;as=Table;g=meta.k8s.io;v=v1`. */
export function wantsTable(accept: string | undefined): boolean {
  return /;\s*as=Table\b/.test(accept?.split(",")[0] ?? "");
}

export function answerList<T extends Listable>(c: Context, resource: Resource<T>): Response {
  const byLabels = labelSelector(c.req.query("labelSelector") ?? "");
  const byFields = fieldSelector(c.req.query("fieldSelector") ?? "", resource.fields);
  const selected = (object: T) => byLabels(object.metadata.labels) && byFields(object);
  const include = c.req.query("includeObject");
  const asTable = wantsTable(c.req.header("accept"));
  if (isTrue(c.req.query("watch"))) {
    const print = asTable
      ? (object: T) =>
        tableOf([object], resource.columns, resource.row, {
          include,
          metadata: { resourceVersion: object.metadata.resourceVersion },
        })
      : (object: T) => object;
    return answerWatch(c, resource, selected, print);
  }
  const metadata = { resourceVersion: resource.resourceVersion() };
  const items = resource.list().filter(selected);
  if (asTable) return c.json(tableOf(items, resource.columns, resource.row, { include, metadata }) as object);
  return c.json({ kind: resource.kind, apiVersion: "v1", metadata, items });
}

function answerWatch<T extends Listable>(
  c: Context,
  { resourceVersion, list, watch, closing, clock }: Resource<T>,
  selected: (object: T) => boolean,
  print: (object: T) => unknown,
): Response {
  const since = c.req.query("resourceVersion") ?? "";
  // There is no history: a watch goes on from the present state or begins with it.
  if (since !== "" && since !== "0" && since !== resourceVersion()) {
    throw new ApiError(410, "Expired", `too old resource version: ${since} (${resourceVersion()})`);
  }
  const seconds = Number(c.req.query("timeoutSeconds") ?? 0);
  if (!Number.isInteger(seconds) || seconds < 0) throw badRequest("timeoutSeconds must be a number of seconds");

  const encoder = new TextEncoder();
  const queue: Uint8Array[] = [];
  let queued = 0;
  let wake = () => {};
  let ended = false;
  const push = (type: WatchType, object: T) => {
    if (ended) return;
    const line = encoder.encode(JSON.stringify({ type, object: print(object) }) + "\n");
    queue.push(line);
    queued += line.length;
    if (queued > maxQueued) end();
    wake();
  };
  if (since === "" || since === "0") { for (const object of list()) if (selected(object)) push("ADDED", object); }
  const unwatch = watch((type, object, previous) => {
    const before = previous !== undefined ? selected(previous) : type !== "ADDED" && selected(object);
    const now = type !== "DELETED" && selected(object);
    if (now) push(before ? "MODIFIED" : "ADDED", object);
    else if (before) push("DELETED", object);
  });
  const cancelTimeout = seconds > 0 ? clock.after(seconds * 1000, () => end()) : () => {};
  function end() {
    if (ended) return;
    ended = true;
    unwatch();
    cancelTimeout();
    closing.removeEventListener("abort", end);
    wake();
  }
  closing.addEventListener("abort", end);
  if (closing.aborted) end();

  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      while (queue.length === 0 && !ended) {
        const { promise, resolve } = Promise.withResolvers<void>();
        wake = resolve;
        await promise;
      }
      const next = queue.shift();
      if (!next) return controller.close();
      queued -= next.length;
      controller.enqueue(next);
    },
    cancel: end,
  }, { highWaterMark: 0 });
  return new Response(body, { headers: { "content-type": "application/json;stream=watch" } });
}

/** A boolean in a query, as Go reads one. */
export function isTrue(text: string | undefined): boolean {
  return text === "true" || text === "1";
}
