/** `islet parse-manifest` (hidden): the child process in which large manifests are parsed. */
import { answerParseRequest } from "../objects/mod.ts";

export async function parseManifestCommand(_args: string[]): Promise<number> {
  await answerParseRequest();
  return 0;
}
