/** The child process of `parseManifestIsolated`, when run from source. */
import { answerParseRequest } from "./isolated.ts";

if (import.meta.main) await answerParseRequest();
