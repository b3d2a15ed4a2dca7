/**
 * Where desired objects come from. The way in is `ManifestSource`; `planSource` is what every source shares: wanted
 * objects against stored rows, as plain data.
 */
export { ManifestSource, type ManifestSourceOptions, problemText } from "./manifest_source.ts";
export { allOf, type Completion, type Find } from "./execute.ts";
export { apiAccess } from "./api_access.ts";
export { planSource, type SourceState } from "./plan.ts";
export {
  configHash,
  configSource,
  fileOf,
  isFromFile,
  isMadeByNode,
  keepSource,
  madeByNode,
  manifestHash,
  sourceFile,
  specHash,
} from "./annotations.ts";
export { isManifestName } from "./names.ts";
export type { Adoptable, Desired, Problem, SourcePlan, Waiting, Write } from "./types.ts";
