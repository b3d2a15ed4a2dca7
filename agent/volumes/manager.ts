/**
 * The volumes of pods, level-triggered: `prepare` brings a pod's directory to what its spec and the objects that it
 * names ask for, from whatever it finds there, after a restart of the agent too. `set_up.ts` does it volume by volume,
 * `container_mounts.ts` makes a container's mounts of them, `clean_up.ts` takes them down; here they take turns.
 */
import { systemClock } from "../clock.ts";
import { O, openPath, removeTree } from "../linux/mod.ts";
import type { Container, Pod } from "../objects/mod.ts";
import type { CriMount } from "../runtime/mod.ts";
import { type CleanUpOptions, cleanUpSubpaths, unmountBelow } from "./clean_up.ts";
import { type ContainerMountOptions, containerMounts, exists } from "./container_mounts.ts";
import { isDirectory } from "./directories.ts";
import { podPaths } from "./layout.ts";
import type { VolumeManagerOptions } from "./options.ts";
import { hasPayload } from "./payload.ts";
import { pathsOf, usedVolumes } from "./places.ts";
import { VolumeSetUp } from "./set_up.ts";

export class VolumeManager {
  readonly #options: VolumeManagerOptions;
  readonly #setUp: VolumeSetUp;
  readonly #cleaning: CleanUpOptions;
  /** The end of what is under way for each pod: one thing at a time. */
  #turns = new Map<string, Promise<unknown>>();

  constructor(options: VolumeManagerOptions) {
    this.#options = options;
    this.#setUp = new VolumeSetUp(options);
    this.#cleaning = { log: options.log, clock: options.clock ?? systemClock };
  }

  /**
   * Makes every volume ready that a container of the pod mounts.
   * @throws {VolumeError} FailedMount, for all volumes that are not ready at once; the others are.
   */
  prepare(pod: Pod, signal?: AbortSignal): Promise<void> {
    return this.#inTurn(uidOf(pod), async () => {
      const paths = pathsOf(pod, this.#options);
      await Deno.mkdir(paths.dir, { recursive: true, mode: 0o700 });
      await this.#setUp.run(pod, usedVolumes(pod), signal);
    });
  }

  /**
   * Brings the files of configMap, secret, downwardAPI and projected volumes up to date in a running pod. True if any
   * changed. @throws {VolumeError} FailedMount, where an object is gone: its files stay as they were.
   */
  refresh(pod: Pod, signal?: AbortSignal): Promise<boolean> {
    return this.#inTurn(uidOf(pod), async () => {
      if (!isDirectory(pathsOf(pod, this.#options).dir)) return false;
      return await this.#setUp.run(pod, usedVolumes(pod).filter(hasPayload), signal);
    });
  }

  /**
   * The mounts of a container as the runtime takes them: volumes in the manifest's order, /etc/hosts once it is
   * written, the file for the termination message. `prepare` came before.
   * @throws {VolumeError} CreateContainerConfigError
   */
  mounts(pod: Pod, container: Container, options: ContainerMountOptions): Promise<CriMount[]> {
    return this.#inTurn(uidOf(pod), () => containerMounts(pod, container, options, this.#options));
  }

  /** Writes the pod's /etc/hosts, in place, because it is mounted into containers. True if it changed. */
  writeHosts(uid: string, text: string): Promise<boolean> {
    return this.#inTurn(uid, async () => {
      const { dir, hosts } = podPaths(this.#options.podsDir, uid);
      try {
        if (Deno.readTextFileSync(hosts) === text) return false;
      } catch (err) {
        if (!(err instanceof Deno.errors.NotFound)) throw err;
        Deno.mkdirSync(dir, { recursive: true, mode: 0o700 });
      }
      Deno.writeTextFileSync(hosts, text);
      Deno.chmodSync(hosts, 0o644);
      return true;
    });
  }

  /** Unmounts the subPaths of a container that is gone. */
  cleanupSubpaths(pod: Pod, container: string): Promise<void> {
    return this.#inTurn(uidOf(pod), () => cleanUpSubpaths(pathsOf(pod, this.#options), container, this.#cleaning));
  }

  /**
   * Removes a pod's directory with everything that is mounted in it; nothing there is fine. Only when all of the
   * pod's containers are gone.
   */
  teardown(uid: string): Promise<void> {
    return this.#inTurn(uid, async () => {
      const { podsDir } = this.#options;
      const { dir } = podPaths(podsDir, uid);
      this.#setUp.forget(uid);
      if (!exists(dir)) return;
      // Anything but a directory of ours is only a name to remove.
      if (isDirectory(dir)) await unmountBelow(dir, this.#cleaning);
      using parent = openPath(podsDir, O.RDONLY | O.DIRECTORY);
      await removeTree(parent, uid);
    });
  }

  /** The uids that have a directory. */
  async listPodDirs(): Promise<string[]> {
    const uids: string[] = [];
    try {
      for await (const entry of Deno.readDir(this.#options.podsDir)) if (entry.isDirectory) uids.push(entry.name);
    } catch (err) {
      if (!(err instanceof Deno.errors.NotFound)) throw err;
    }
    return uids.sort();
  }

  async #inTurn<T>(uid: string, work: () => Promise<T>): Promise<T> {
    const before = this.#turns.get(uid);
    const turn = (async () => {
      await before?.catch(() => undefined);
      return await work();
    })();
    this.#turns.set(uid, turn);
    try {
      return await turn;
    } finally {
      if (this.#turns.get(uid) === turn) this.#turns.delete(uid);
    }
  }
}

function uidOf(pod: Pod): string {
  return pod.metadata.uid ?? "";
}
