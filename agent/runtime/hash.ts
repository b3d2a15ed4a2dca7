/**
 * A container's hash decides whether a running container is still the one that the spec asks for. It covers what cannot
 * be changed in a running container and may be changed in a live pod: the name and the image.
 *
 * The hash is stored with its version and compared by recomputing it the stored version's way, so that a release that
 * computes it differently restarts nothing.
 */
import type { Container } from "../objects/mod.ts";

/** The version that new containers get. */
export const containerHashVersion = 1;

type Hashed = Pick<Container, "name" | "image">;

const versions: Record<number, (container: Hashed) => string> = {
  1: ({ name, image }) => fnv1a32(JSON.stringify({ name, image })),
};

/** The container's hash, in hexadecimal. Throws where the version is not known. */
export function containerHash(container: Hashed, version: number = containerHashVersion): string {
  const compute = versions[version];
  if (!compute) throw new Error(`Cannot compute a container's hash: version ${version} is not known`);
  return compute(container);
}

/**
 * Whether a container that was made with `stored` (hash and its version, from the annotations) is what `container` asks
 * for. A hash that a newer release wrote cannot be recomputed: `image`, the name that the container was made with, then
 * decides.
 */
export function sameContainer(
  container: Hashed,
  stored: { hash: string; version: number; image: string },
): boolean {
  return versions[stored.version]
    ? containerHash(container, stored.version) === stored.hash
    : container.image === stored.image;
}

/** 32-bit FNV-1a of the text's UTF-8 bytes. */
export function fnv1a32(text: string): string {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0).toString(16);
}
