/**
 * The volume controller: claims are bound to volumes that fit, both are told how they are, and kept while they are used.
 *
 *     store events ─► round: planVolumes (plan.ts, match.ts) ─► claimRef, volumeName, phases, finalizers, events
 */
import { type Clock, timestamp } from "../../clock.ts";
import type { PersistentVolume, PersistentVolumeClaim, Pod } from "../../objects/mod.ts";
import type { Store, StoreEvent, StoreObject } from "../../store/mod.ts";
import type { EventRecorder } from "../../telemetry/events.ts";
import type { Logger } from "../../telemetry/log.ts";
import { Controller } from "../controller.ts";
import { released } from "../deletion.ts";
import { bindCompleted, boundByController, planVolumes, type VolumeAction, type VolumePhase } from "./plan.ts";

export { claimProtection, planVolumes, volumeProtection } from "./plan.ts";

export interface VolumesOptions {
  store: Pick<Store, "list" | "watch" | "change">;
  events: EventRecorder;
  clock: Clock;
  log: Logger;
  /** Whether this node has the volume. */
  usable(volume: PersistentVolume): boolean;
}

const realm = "local";

export class Volumes extends Controller {
  readonly #options: VolumesOptions;
  /** UID → what was told of it last: said again only when it is something else. */
  #told = new Map<string, string>();

  constructor(options: VolumesOptions) {
    super({ ...options, name: "volume controller", stores: [options.store] });
    this.#options = options;
  }

  protected override matters({ type, realm: of, object, previous }: StoreEvent): boolean {
    if (of !== realm) return false;
    if (object.kind === "PersistentVolume" || object.kind === "PersistentVolumeClaim") return true;
    if (object.kind !== "Pod") return false;
    // a pod that is gone or over lets go of its claims
    const uses = (object as unknown as Pod).spec.volumes?.some((volume) => volume.persistentVolumeClaim);
    return Boolean(uses) && (type === "DELETED" || phaseOf(object) !== phaseOf(previous));
  }

  protected override async round(): Promise<void> {
    const { store, usable } = this.#options;
    const all = <T>(kind: string) => store.list<T>(kind, { realm }).map(({ object }) => object);
    const volumes = all<PersistentVolume>("PersistentVolume");
    const claims = all<PersistentVolumeClaim>("PersistentVolumeClaim");
    if (volumes.length + claims.length === 0) return;
    const actions = planVolumes({ volumes, claims, pods: all<Pod>("Pod"), usable });
    const said = new Map<string, string>();
    for (const action of actions) {
      if (action.type === "event") said.set(action.about.metadata.uid!, action.message);
      await this.#act(action);
    }
    this.#told = said;
  }

  async #act(action: VolumeAction): Promise<void> {
    const { store, events, clock, log } = this.#options;
    switch (action.type) {
      case "bind":
        return await this.#bind(action.claim, action.volume);
      case "claim": {
        const { namespace, name, uid } = action.claim.metadata;
        await store.change<PersistentVolumeClaim>(
          realm,
          "PersistentVolumeClaim",
          namespace!,
          name,
          (current) =>
            current?.metadata.uid === uid && current
              ? { ...current, status: { ...current.status, phase: action.phase } }
              : current,
          { status: true },
        );
        break;
      }
      case "volume": {
        const { name, uid } = action.volume.metadata;
        const { phase, reason, message } = action;
        await store.change<PersistentVolume>(
          realm,
          "PersistentVolume",
          "",
          name,
          (current) =>
            current?.metadata.uid === uid && current
              ? { ...current, status: volumeStatus(current, phase, clock.now(), reason, message) }
              : current,
          { status: true },
        );
        break;
      }
      case "unprotect": {
        const { namespace = "", name, uid } = action.object.metadata;
        const { kind } = action.object;
        await store.change<StoreObject>(
          realm,
          kind,
          namespace,
          name,
          (current) => current && current.metadata.uid === uid ? released(current, action.finalizer) : current,
        );
        break;
      }
      case "event": {
        const { kind, metadata: { namespace, name, uid } } = action.about;
        if (this.#told.get(uid!) === action.message) return;
        events.event(
          { kind, namespace, name, uid },
          action.warning ? "Warning" : "Normal",
          action.reason,
          action.message,
        );
        log.info("Of a volume or claim", { kind, namespace, name, reason: action.reason, message: action.message });
        break;
      }
      default:
        action satisfies never;
    }
  }

  /** The volume first: it is what cannot be given twice. */
  async #bind(claim: PersistentVolumeClaim, volume: PersistentVolume): Promise<void> {
    const { store, clock, log } = this.#options;
    const { namespace, name, uid } = claim.metadata;
    const held = await store.change<PersistentVolume>(
      realm,
      "PersistentVolume",
      "",
      volume.metadata.name,
      (current) => {
        if (!current || current.metadata.uid !== volume.metadata.uid) return current;
        const { claimRef } = current.spec;
        if (claimRef?.uid && claimRef.uid !== uid) return current;
        const annotations = { ...current.metadata.annotations, ...(claimRef ? {} : { [boundByController]: "yes" }) };
        const { resourceVersion } = claim.metadata;
        const reference = claimRef?.uid
          ? claimRef
          : { kind: "PersistentVolumeClaim", apiVersion: "v1", namespace, name, uid, resourceVersion };
        return {
          ...current,
          metadata: { ...current.metadata, annotations },
          spec: { ...current.spec, claimRef: reference },
          status: volumeStatus(current, "Bound", clock.now()),
        };
      },
      { status: true },
    );
    if (!held || held.spec.claimRef?.uid !== uid) return;
    await store.change<PersistentVolumeClaim>(realm, "PersistentVolumeClaim", namespace!, name, (current) => {
      if (!current || current.metadata.uid !== uid) return current;
      const annotations = {
        ...current.metadata.annotations,
        [bindCompleted]: "yes",
        ...(current.spec.volumeName ? {} : { [boundByController]: "yes" }),
      };
      const { accessModes, capacity } = held.spec;
      return {
        ...current,
        metadata: { ...current.metadata, annotations },
        spec: { ...current.spec, volumeName: held.metadata.name },
        status: {
          ...current.status,
          phase: "Bound",
          ...(accessModes && { accessModes }),
          ...(capacity && { capacity }),
        },
      };
    }, { status: true });
    log.info("Bound a claim", { claim: `${namespace}/${name}`, volume: held.metadata.name });
  }
}

function volumeStatus(
  { status }: PersistentVolume,
  phase: VolumePhase,
  now: number,
  reason?: string,
  message?: string,
): NonNullable<PersistentVolume["status"]> {
  const since = status?.phase === phase ? status.lastPhaseTransitionTime : undefined;
  return {
    phase,
    ...(reason ? { reason } : {}),
    ...(message ? { message } : {}),
    lastPhaseTransitionTime: since ?? timestamp(now),
  };
}

function phaseOf(object: { status?: unknown } | undefined): string | undefined {
  return (object?.status as { phase?: string } | undefined)?.phase;
}
