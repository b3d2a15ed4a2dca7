/** Documents while somebody asks for them: bytes are kept for some minutes after the last request, hashes for good. */
import { createHash } from "node:crypto";
import type { Clock } from "../../clock.ts";
import type { Documents } from "./documents.ts";

/** How long documents are kept after the last request. */
const idleMs = 2 * 60_000;

export class DocumentCache {
  #documents: Promise<Documents> | undefined;
  #bytes = new Map<string, Uint8Array<ArrayBuffer>>();
  #hashes = new Map<string, string>();
  #forget: (() => void) | undefined;

  constructor(private readonly load: () => Promise<Documents>, private readonly clock: Clock) {}

  documents(): Promise<Documents> {
    this.#used();
    return this.#documents ??= this.load();
  }

  /** A name for the content: equal documents have equal ones. */
  async hash(key: string): Promise<string> {
    const known = this.#hashes.get(key);
    if (known !== undefined) return known;
    // Not kept: who asks for the index wants one of them at most.
    const bytes = this.#bytes.get(key) ?? build(await this.documents(), key);
    const hash = createHash("sha256").update(bytes).digest("hex").toUpperCase();
    this.#hashes.set(key, hash);
    return hash;
  }

  /** `2 json`, `2 protobuf`, `3 api/v1`. */
  async bytes(key: string): Promise<Uint8Array<ArrayBuffer>> {
    const documents = await this.documents();
    const known = this.#bytes.get(key);
    if (known) return known;
    const built = build(documents, key);
    this.#bytes.set(key, built);
    return built;
  }

  /** Forgets everything but the hashes when nobody asks any more. */
  #used(): void {
    this.#forget?.();
    this.#forget = this.clock.after(idleMs, () => this.clear());
  }

  clear(): void {
    this.#forget?.();
    this.#forget = undefined;
    this.#documents = undefined;
    this.#bytes.clear();
  }
}

function build(documents: Documents, key: string): Uint8Array<ArrayBuffer> {
  if (key === "2 json") return documents.version2("json");
  if (key === "2 protobuf") return documents.version2("protobuf");
  const built = documents.version3(key.slice(2));
  if (!built) throw new Error(`there is no OpenAPI document ${key}`);
  return built;
}
