/**
 * Images that nothing may ever collect, by image id: preloaded archives and the sandbox image. Kept in our own store, because
 * not every runtime knows pinned images.
 */

/** A table of small facts that outlive the process: the store's records. */
export interface Records {
  get(key: string): unknown;
  set(key: string, value: unknown): void;
  /** Of all records. */
  keys(): string[];
}

/** What an archive brought, when it looked like this. */
export interface ImportedArchive {
  modified: number;
  size: number;
  /** Image ids. */
  ids: string[];
  names: string[];
}

export class ImagePins {
  /** The runtime's sandbox image; found anew at every start. */
  readonly #sandbox = new Set<string>();

  constructor(readonly records: Records) {}

  /** Whether the image must stay. */
  isPinned(imageId: string): boolean {
    return this.#sandbox.has(imageId) || this.records.keys().some((key) => this.archive(key)?.ids.includes(imageId));
  }

  /** Whether pod sandboxes are made of it. */
  isSandbox(imageId: string): boolean {
    return this.#sandbox.has(imageId);
  }

  pinSandbox(imageId: string): void {
    this.#sandbox.add(imageId);
  }

  archive(file: string): ImportedArchive | undefined {
    return this.records.get(file) as ImportedArchive | undefined;
  }

  setArchive(file: string, archive: ImportedArchive | undefined): void {
    this.records.set(file, archive);
  }

  /** Files of all imported archives. */
  archives(): string[] {
    return this.records.keys();
  }
}

/** Records that live as long as the process. */
export function memoryRecords(): Records {
  const map = new Map<string, unknown>();
  return {
    get: (key) => map.get(key),
    set: (key, value) => void (value === undefined ? map.delete(key) : map.set(key, value)),
    keys: () => [...map.keys()],
  };
}
