/** The road to the kernel's nftables. */
import { NftLibrary } from "./library.ts";
import { NftProcess } from "./process.ts";
import { type NftRunner } from "./runner.ts";

export { type TableReader } from "./contents.ts";
export { NftError, type NftProblem, type NftRunner } from "./runner.ts";
export { NftProcess } from "./process.ts";
export { NftLibrary } from "./library.ts";
export { judgeFeatures, type NftFeatures, probeFeatures } from "./probe.ts";

/** The library where there is one, else processes. */
export function openNft(): NftRunner {
  try {
    return new NftLibrary();
  } catch {
    return new NftProcess();
  }
}
