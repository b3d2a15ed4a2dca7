/** From a manifest's text to objects: the door to `agent/objects`. */
import { largeManifest, parseManifest, parseManifestIsolated } from "../objects/mod.ts";
import type { ManifestHashes } from "../objects/mod.ts";
import type { StoreObject } from "../store/mod.ts";
import type { Problem } from "./types.ts";

/** What a text says, or why it cannot be used: all errors at once. */
export interface ParsedFile {
  objects: StoreObject[];
  /** What each of them was written as. */
  hashes?: ManifestHashes[];
  errors: Problem[];
  warnings: Problem[];
}

export type Parser = (text: string, file: string) => Promise<ParsedFile>;

/** A large text is parsed in a child process, so that probes go on meanwhile and its memory is given back. */
export const parseObjects: Parser = async (text, file) => {
  const { objects, hashes, errors, warnings } = text.length > largeManifest
    ? await parseManifestIsolated(text, { file })
    : parseManifest(text, { file });
  return { objects: objects as unknown as StoreObject[], hashes, errors, warnings };
};
