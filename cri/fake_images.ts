/** The fake runtime's images: those on the node and those that its registry could give. */
import { Code, ConnectError } from "@connectrpc/connect";

export interface FakeImage {
  id: string;
  repoTags: string[];
  repoDigests: string[];
  size: number;
  /** The image's user: a number or a name; empty: root. */
  user: string;
  pinned: boolean;
}

export class FakeImages {
  /** By image id. */
  readonly local = new Map<string, FakeImage>();
  /** By reference; pulling anything else is `not_found`. */
  readonly registry = new Map<string, FakeImage>();
  #next = 1;

  /** Puts an image onto the node under `reference`. */
  add(reference: string, fields: Partial<FakeImage> = {}): FakeImage {
    const image = this.#make(reference, fields);
    this.local.set(image.id, image);
    return image;
  }

  /** Makes `reference` pullable. */
  publish(reference: string, fields: Partial<FakeImage> = {}): FakeImage {
    const image = this.#make(reference, fields);
    this.registry.set(reference, image);
    return image;
  }

  /** Finds an image by id, tag or digest. */
  find(reference: string): FakeImage | undefined {
    const wanted = fullName(reference);
    return this.local.get(reference) ??
      [...this.local.values()].find((image) =>
        image.id === `sha256:${reference}` ||
        [...image.repoTags, ...image.repoDigests].some((name) => fullName(name) === wanted)
      );
  }

  pull(reference: string): FakeImage {
    const image = this.registry.get(reference);
    if (!image) {
      throw new ConnectError(
        `failed to pull and unpack image "${reference}": failed to resolve reference "${reference}": ${reference}: not found`,
        Code.NotFound,
      );
    }
    for (const [id, other] of this.local) {
      if (id !== image.id) other.repoTags = other.repoTags.filter((tag) => tag !== reference);
    }
    this.local.set(image.id, image);
    return image;
  }

  remove(reference: string): void {
    const image = this.find(reference);
    if (image) this.local.delete(image.id);
  }

  #make(reference: string, fields: Partial<FakeImage>): FakeImage {
    const digest = `sha256:${(this.#next++).toString(16).padStart(64, "0")}`;
    const byDigest = reference.includes("@");
    return {
      id: digest,
      repoTags: byDigest ? [] : [reference],
      repoDigests: [byDigest ? reference : `${reference.replace(/:[^/:]+$/, "")}@${digest}`],
      size: 1_000_000,
      user: "",
      pinned: false,
      ...fields,
    };
  }
}

/** `busybox` → `docker.io/library/busybox:latest`, as containerd normalises it. */
function fullName(reference: string): string {
  const [first, ...rest] = reference.split("/");
  const hasHost = rest.length > 0 && (/[.:]/.test(first) || first === "localhost");
  const path = hasHost ? reference : `docker.io/${rest.length ? "" : "library/"}${reference}`;
  return /(@|:[^/]+$)/.test(path) ? path : `${path}:latest`;
}
