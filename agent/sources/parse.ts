/** From a manifest's text to objects: the door to `agent/objects`. */
import type { StoreObject } from "../store/mod.ts";
import type { Problem } from "./types.ts";

/** What a text says, or why it cannot be used: all errors at once. */
export interface ParsedFile {
  objects: StoreObject[];
  errors: Problem[];
  warnings: Problem[];
}

export type Parser = (text: string, file: string) => Promise<ParsedFile>;

/** Beyond this size a text is parsed in a child process, which can be ended: see `agent/objects`. */
const largeText = 64 * 1024;

type ParseManifest = (text: string, options: { file: string }) => ParsedFile | Promise<ParsedFile>;

/** The parser of `agent/objects`, loaded when the first manifest is read. */
export const parseObjects: Parser = async (text, file) => {
  const objects = await import("../objects/mod.ts") as unknown as Record<
    "parseManifest" | "parseManifestIsolated",
    ParseManifest
  >;
  const parse = text.length > largeText ? objects.parseManifestIsolated : objects.parseManifest;
  if (!parse) return await (await import("./interim_parse.ts")).interimParse(text, file);
  return await parse(text, { file });
};
