/** What is wrong with the files of the manifest directory: of pods that never came to be there is nothing else to see. */
import type { Handler } from "hono";
import { problemText } from "../sources/mod.ts";
import type { AppDeps } from "./deps.ts";

export function manifestProblems({ problems }: AppDeps): Handler {
  return (c) => c.json({ problems: problems().map((problem) => ({ ...problem, text: problemText(problem) })) });
}
