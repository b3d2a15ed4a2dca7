/**
 * `watch=true`: a line of JSON an event. It begins with what is there, or goes on from a version that the client knows;
 * a watcher that does not keep up is ended, never waited for.
 *
 *     watch cache ─► one encoding for all watchers of a form ─► queue of each (bounded) ─► its connection
 *     the state at the start is not queued: it is encoded as the client takes it
 */
import { answerShape, type KubeRequest } from "./context.ts";
import { apiVersionOf } from "./decode.ts";
import { tooOld } from "./errors.ts";
import { joined, passingBytes } from "./json.ts";
import { listOptions } from "./options.ts";
import { scopeOf, selection } from "./select.ts";
import { shaped, type ShapeOptions, tableOf } from "./shape.ts";
import type { ApiEvent, ApiObject, Resource } from "./types.ts";
import type { CachedEvent } from "./watch_cache.ts";

/** What a watcher may leave unread. */
const maxUnsent = 1024 * 1024;
/** A piece of an answer is not made larger than this by putting events together. */
const pieceSize = 64 * 1024;
const bookmarkMs = 60_000;
/** A watch without timeoutSeconds ends after this to twice this, as kube-apiserver has it. */
const defaultSeconds = 1800;

const initialEventsEnd = "k8s.io/initial-events-end";

type EventType = ApiEvent["type"] | "BOOKMARK";

const encoder = new TextEncoder();
const beginOf = (type: EventType) => encoder.encode(`{"type":"${type}","object":`);
const begin: Record<EventType, Uint8Array> = {
  ADDED: beginOf("ADDED"),
  MODIFIED: beginOf("MODIFIED"),
  DELETED: beginOf("DELETED"),
  BOOKMARK: beginOf("BOOKMARK"),
};
const lineEnd = encoder.encode("}\n");

/** Writes events in the form that one watcher takes. */
class EventEncoder<T extends ApiObject> {
  readonly #form: string;
  #headersSent = false;

  constructor(private readonly resource: Resource<T>, private readonly shape: ShapeOptions) {
    const { form, include } = shape;
    this.#form = form.as === "Table" ? `${form.as}/${form.version}/${include}` : `${form.as}/${form.version}`;
  }

  /** An event that is told to this watcher alone. */
  one(type: EventType, object: T): Uint8Array {
    return this.#line(type, object);
  }

  /** An event that others are told in the same form. */
  shared(cached: CachedEvent<T>, type: ApiEvent["type"], object: T): Uint8Array {
    // The first row of a Table brings the columns; that one is not shared.
    if (this.shape.form.as === "Table" && !this.#headersSent) return this.#line(type, object);
    return cached.encoded(`${this.#form}/${type}`, () => this.#line(type, object));
  }

  #line(type: EventType, object: T): Uint8Array {
    let shown: object;
    if (this.shape.form.as === "Table") {
      shown = tableOf(this.resource, type === "BOOKMARK" ? [] : [object], this.shape, {
        metadata: {
          resourceVersion: object.metadata.resourceVersion,
          ...(object.metadata.annotations && type === "BOOKMARK" ? { annotations: object.metadata.annotations } : {}),
        },
        headers: !this.#headersSent,
      });
      this.#headersSent = true;
    } else shown = shaped(this.resource, object, this.shape);
    return joined([begin[type], passingBytes(shown).subarray(0, -1), lineEnd]);
  }
}

/** What an event is to a watcher of some of the objects; undefined when it is none of its business. */
function seenBy<T extends ApiObject>(
  { type, object, previous }: ApiEvent<T>,
  selected: (object: T) => boolean,
): { type: ApiEvent["type"]; object: T } | undefined {
  const before = type === "ADDED" ? false : selected(previous ?? object);
  const now = type !== "DELETED" && selected(object);
  if (now) return { type: before ? "MODIFIED" : "ADDED", object };
  if (!before) return undefined;
  if (type === "DELETED" || !previous) return { type: "DELETED", object };
  // It no longer fits: the watcher sees the last state that did, at the version of the change.
  const metadata = { ...previous.metadata, resourceVersion: object.metadata.resourceVersion };
  return { type: "DELETED", object: { ...previous, metadata } };
}

export function watch<T extends ApiObject>(request: KubeRequest<T>): Response {
  const { c, kube, info, resource, query } = request;
  const { clock, closing } = kube.deps;
  const shape = answerShape(request as unknown as KubeRequest, ["Table", "PartialObjectMetadata"]);
  shape.form.media = "application/json";
  const options = listOptions(query, true);
  const selected = selection(resource, scopeOf(resource, info.namespace), options);
  const encode = new EventEncoder(resource, shape);
  const cache = kube.registry.cache(resource);
  cache.touch();

  const since = options.resourceVersion ?? 0;
  const { sendInitialEvents: send } = options;
  let state: T[] = [];
  const queue: Uint8Array[] = [];
  let queued = 0;
  let latest = cache.current;
  const bookmark = (end = false) => {
    const metadata: Record<string, unknown> = { resourceVersion: String(latest) };
    if (end) metadata.annotations = { [initialEventsEnd]: "true" };
    return encode.one(
      "BOOKMARK",
      { kind: resource.kind, apiVersion: apiVersionOf(resource), metadata } as unknown as T,
    );
  };
  const initial = send ?? since === 0;
  let initialEnd = send === true && options.allowWatchBookmarks;
  if (initial) {
    state = resource.backend.list(scopeOf(resource, info.namespace)).filter(selected);
  } else if (since > 0) {
    const missed = cache.since(since);
    if (!missed) throw tooOld(since, cache.start);
    for (const cached of missed) {
      const seen = seenBy(cached.event, selected);
      if (seen) queue.push(encode.shared(cached, seen.type, seen.object));
      cached.told();
    }
  }
  if (send === true && since > latest) throw tooOld(since, latest);

  let wake = () => {};
  let ended = false;
  const push = (line: Uint8Array) => {
    queue.push(line);
    queued += line.length;
    if (queued > maxUnsent) {
      // What it has not read is of no use: it has to list again.
      queue.length = 0;
      state = [];
      initialEnd = false;
      end();
    }
    wake();
  };
  const unsubscribe = cache.subscribe((cached) => {
    latest = Math.max(latest, cached.version);
    const seen = seenBy(cached.event, selected);
    if (seen) push(encode.shared(cached, seen.type, seen.object));
  });
  const seconds = options.timeoutSeconds || Math.floor(defaultSeconds * (1 + Math.random()));
  const sayVersion = () => {
    latest = cache.current;
    push(bookmark());
  };
  const cancelTimeout = clock.after(seconds * 1000, () => {
    if (options.allowWatchBookmarks) sayVersion();
    end();
  });
  let cancelBookmark = () => {};
  const nextBookmark = () => {
    cancelBookmark = clock.after(bookmarkMs, () => {
      if (state.length === 0) sayVersion();
      if (!ended) nextBookmark();
    });
  };
  if (options.allowWatchBookmarks) nextBookmark();
  const { signal } = c.req.raw;
  function end() {
    if (ended) return;
    ended = true;
    unsubscribe();
    cancelTimeout();
    cancelBookmark();
    closing.removeEventListener("abort", end);
    signal.removeEventListener("abort", end);
    wake();
  }
  closing.addEventListener("abort", end);
  signal.addEventListener("abort", end);
  if (closing.aborted || signal.aborted) end();

  /** What is to be sent next; undefined while there is nothing. */
  let told = 0;
  const endsAt = latest;
  function next(): Uint8Array | undefined {
    if (told < state.length) {
      const line = encode.one("ADDED", state[told++]);
      if (told === state.length) state = [], told = 0;
      return line;
    }
    if (initialEnd) {
      initialEnd = false;
      const now = latest;
      latest = endsAt;
      const line = bookmark(true);
      latest = now;
      return line;
    }
    const line = queue.shift();
    if (line) queued -= line.length;
    return line;
  }

  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      for (;;) {
        const line = next();
        if (line) {
          const lines = [line];
          for (let size = line.length; size < pieceSize;) {
            const more = next();
            if (!more) break;
            lines.push(more);
            size += more.length;
          }
          return controller.enqueue(lines.length === 1 ? line : joined(lines));
        }
        if (ended) return controller.close();
        const { promise, resolve } = Promise.withResolvers<void>();
        wake = resolve;
        await promise;
      }
    },
    cancel: end,
  }, { highWaterMark: 0 });
  return new Response(body, { headers: { "content-type": "application/json", "cache-control": "no-cache, private" } });
}
