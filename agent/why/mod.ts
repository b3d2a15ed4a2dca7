/**
 * `islet why POD`: why a pod does not run, in plain words, and what to try next. Pure: a pod, its events and what the node
 * knows go in; findings come out, the one that matters most first.
 *
 *     explain() ─► pod.ts: deletion, placement, admission, sandbox ─► container.ts: pulls, crashes, probes ─► exit_code.ts
 */
export { explain } from "./pod.ts";
export { explanationText } from "./text.ts";
export type { Explanation, Finding, WhyContext } from "./types.ts";
