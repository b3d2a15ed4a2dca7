/** Names of slices as kube-apiserver generates them, but the same ones again after a restart. */
import { createHash } from "node:crypto";

/** Letters and digits that make no words. */
const alphabet = "bcdfghjklmnpqrstvwxz2456789";
const suffixLength = 5;
const longestName = 253;

/** `web-`; the name alone where there is no room for a dash and what follows. */
export function slicePrefix(name: string): string {
  return `${name}-`.slice(0, longestName - suffixLength);
}

/** A free name for a slice of an owner: the first of an endless list that is the owner's own. */
export function sliceName(owner: { name: string; uid: string }, family: string, taken: (name: string) => boolean) {
  for (let at = 0;; at++) {
    const digest = createHash("sha1").update(`${owner.uid}/${family}/${at}`).digest();
    const suffix = Array.from({ length: suffixLength }, (_, i) => alphabet[digest[i] % alphabet.length]).join("");
    const name = slicePrefix(owner.name) + suffix;
    if (!taken(name)) return name;
  }
}
