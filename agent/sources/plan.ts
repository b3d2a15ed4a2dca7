/**
 * Wanted objects against stored rows, as plain data: the same for every source. Level-triggered: called again whenever
 * either side changes, it returns what is to be written now, and for what the rest waits.
 *
 *   no row                       put; a pod whose sandbox the runtime still has takes over its UID
 *   row ending                   wait until it is gone, then put the next incarnation
 *   row says the same            nothing; if only its file or the node was renamed, that name; if it lacks what the node
 *                                adds, put over the row
 *   an edit allowed in place     put over the row
 *   any other edit of a pod      end the row's incarnation
 *   row no longer wanted         end it (pods), delete it (everything else)
 */
import { fileOf, manifestHash, sourceFile, specHash } from "./annotations.ts";
import { type Adoptable, type Desired, identityOf, type SourcePlan, type Waiting, type Write } from "./types.ts";
import type { StoreObject } from "../store/mod.ts";

export interface SourceState {
  desired: Desired[];
  /** What this source stored. */
  rows: StoreObject[];
  /** Rows that stay although nothing wants them: their file cannot be read at present. */
  keeps: (row: StoreObject) => boolean;
  /** Sandboxes that the runtime has and no row knows. */
  adoptable: Adoptable[];
  /** How an edit of a pod is to be applied. */
  editKind: (stored: StoreObject, wanted: StoreObject) => "none" | "inPlace" | "replace";
  /** Whether a row has all that the node adds to what its manifest says. */
  isComplete?: (row: StoreObject) => boolean;
}

export function planSource(
  { desired, rows, keeps, adoptable, editKind, isComplete = () => true }: SourceState,
): SourcePlan {
  const stored = new Map(rows.map((row) => [identityOf(row), row]));
  const wanted = new Set(desired.map(({ object }) => identityOf(object)));
  const known = new Set(rows.map((row) => row.metadata.uid));
  const orphans = adoptable.filter(({ uid }) => !known.has(uid));
  const config: Write[] = [];
  const pods: Write[] = [];
  const removals: Write[] = [];
  const waiting: Waiting[] = [];

  for (const { object } of desired) {
    const { kind, metadata: { namespace = "", name } } = object;
    const row = stored.get(identityOf(object));
    const writes = kind === "Pod" ? pods : config;
    if (!row) {
      const left = kind === "Pod" ? orphans.filter((one) => one.namespace === namespace && one.name === name) : [];
      const own = left.find((one) => one.specHash === object.metadata.annotations?.[specHash]);
      if (own) {
        writes.push({ type: "put", object: withMetadata(object, { uid: own.uid }), reason: "adopted" });
      } else if (left.length > 0) {
        waiting.push({ kind, namespace, name, for: "orphaned sandbox", uids: left.map(({ uid }) => uid) });
      } else writes.push({ type: "put", object, reason: "new" });
      continue;
    }
    const uid = row.metadata.uid;
    if (kind === "Pod" && row.metadata.deletionTimestamp) {
      waiting.push({ kind, namespace, name, for: "previous incarnation", uids: uid ? [uid] : [] });
      continue;
    }
    const otherUid = object.metadata.uid !== undefined && object.metadata.uid !== uid;
    if (!otherUid && sameManifest(row, object) && isComplete(row)) {
      const moved = refreshed(row, object);
      if (moved) writes.push({ type: "put", object: moved, reason: "moved" });
      continue;
    }
    if (kind !== "Pod") {
      config.push({ type: "put", object, reason: "edited" });
      continue;
    }
    if (otherUid || editKind(row, object) === "replace") {
      pods.push({
        type: "markDeleted",
        kind,
        namespace,
        name,
        uid,
        gracePeriodSeconds: grace(row),
        reason: "replaced",
      });
      waiting.push({ kind, namespace, name, for: "previous incarnation", uids: uid ? [uid] : [] });
    } else pods.push({ type: "put", object, reason: "edited" });
  }

  for (const row of rows) {
    if (wanted.has(identityOf(row)) || keeps(row)) continue;
    const { kind, metadata: { namespace = "", name, uid } } = row;
    if (kind !== "Pod") removals.push({ type: "remove", kind, namespace, name, uid, reason: "removed" });
    else if (!row.metadata.deletionTimestamp) {
      pods.push({ type: "markDeleted", kind, namespace, name, uid, gracePeriodSeconds: grace(row), reason: "removed" });
    }
  }
  // What pods refer to is there before them, and goes after their end was asked for.
  return { writes: [...config, ...pods, ...removals], waiting };
}

/** The pod's own grace. */
function grace({ spec }: StoreObject): number {
  const own = (spec as { terminationGracePeriodSeconds?: unknown } | undefined)?.terminationGracePeriodSeconds;
  return typeof own === "number" ? own : 30;
}

/**
 * Whether both come from the same text, however the program fills in defaults: a newer version with other defaults must
 * not restart what nobody edited.
 */
function sameManifest(row: StoreObject, wanted: StoreObject): boolean {
  const hash = row.metadata.annotations?.[manifestHash];
  return hash !== undefined && hash === wanted.metadata.annotations?.[manifestHash];
}

/** The row with the file's and the node's present names, undefined when it has them. */
function refreshed(row: StoreObject, wanted: StoreObject): StoreObject | undefined {
  const file = fileOf(wanted);
  const nodeName = nodeNameOf(wanted);
  if (file === fileOf(row) && (nodeName === undefined || nodeName === nodeNameOf(row))) return undefined;
  const annotations = { ...row.metadata.annotations, ...(file === undefined ? {} : { [sourceFile]: file }) };
  const spec = nodeName === undefined ? row.spec : { ...row.spec as object, nodeName };
  return { ...withMetadata(row, { annotations }), ...(spec === undefined ? {} : { spec }) };
}

function nodeNameOf({ kind, spec }: StoreObject): string | undefined {
  return kind === "Pod" ? (spec as { nodeName?: string } | undefined)?.nodeName : undefined;
}

function withMetadata(object: StoreObject, more: Partial<StoreObject["metadata"]>): StoreObject {
  return { ...object, metadata: { ...object.metadata, ...more } };
}
