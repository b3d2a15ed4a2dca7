/**
 * resourceVersions: integers that only grow, across restarts, power cuts, lost stores and clocks that jump.
 *
 * Every life of the store starts above everything any earlier life can have shown: above what is in the file, above
 * the block that the earlier life had reserved in a small file beside it, and, where the clock makes sense, above
 * `seconds << 20`. So a status that a watcher saw and a power cut took away is never shown again under a lower number.
 */

/** Numbers reserved at a time: one write of the small file per million changes. */
const block = 2 ** 20;
/** A clock is believed between 2024 and 2100. */
const [earliest, latest] = [Date.UTC(2024, 0, 1), Date.UTC(2100, 0, 1)];

export interface VersionFile {
  read(): string | undefined;
  /** Throws when it cannot be written. */
  write(text: string): void;
}

/** The small file, replaced as a whole: `<state.db>.version`. */
export function versionFile(path: string): VersionFile {
  return {
    read() {
      try {
        return Deno.readTextFileSync(path);
      } catch {
        return undefined;
      }
    },
    write(text) {
      const temporary = `${path}.new`;
      const file = Deno.openSync(temporary, { create: true, write: true, truncate: true, mode: 0o600 });
      try {
        const bytes = new TextEncoder().encode(text);
        for (let done = 0; done < bytes.length;) done += file.writeSync(bytes.subarray(done));
        file.syncDataSync();
      } finally {
        file.close();
      }
      Deno.renameSync(temporary, path);
    },
  };
}

export class Versions {
  #current: number;
  #reserved: number;
  /** Whether an earlier life of this store had left its file. */
  readonly hadEarlierLife: boolean;

  constructor(
    private file: VersionFile | undefined,
    stored: number,
    now: number,
    private onError: (err: unknown) => void,
  ) {
    const text = file?.read();
    const earlier = text !== undefined && /^\d{1,16}\s*$/.test(text) ? Number(text) : 0;
    this.hadEarlierLife = text !== undefined;
    const byClock = now > earliest && now < latest ? Math.floor(now / 1000) * block : 0;
    this.#current = Math.max(stored, Number.isSafeInteger(earlier) ? earlier : 0, byClock, 1);
    this.#reserved = this.#current;
    this.#reserve();
  }

  /** The latest number given out. */
  get current(): number {
    return this.#current;
  }

  next(): number {
    if (++this.#current >= this.#reserved) this.#reserve();
    return this.#current;
  }

  #reserve(): void {
    this.#reserved = this.#current + block;
    try {
      this.file?.write(`${this.#reserved}\n`);
    } catch (err) {
      this.onError(err);
    }
  }
}
