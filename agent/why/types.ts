/** The words of this room. */
import type { Event } from "../telemetry/events.ts";

/** One reason, with what backs it and what to do about it. */
export interface Finding {
  /** One sentence: what is the matter. */
  what: string;
  /** What it was seen by: messages of the runtime, of events, of probes. */
  because: string[];
  /** What to try next; commands where there are some. */
  next: string[];
}

/** Why a pod is as it is. */
export interface Explanation {
  /** fine: nothing to do; waiting: it will come by itself, as far as can be seen; broken: somebody has to do something. */
  state: "fine" | "waiting" | "broken";
  /** The pod in one sentence. */
  headline: string;
  findings: Finding[];
}

/** What the node knows besides the pod. */
export interface WhyContext {
  /** Events about the pod, oldest first. */
  events: readonly Event[];
  /** Wall-clock milliseconds. */
  now: number;
  /** Whether the container runtime answers. */
  healthy: boolean;
  /** Where archives of images can be put to be imported, if the node imports any. */
  imagesDir?: string;
  /** What is wrong with manifests of this pod, each in one line. */
  problems: readonly string[];
}
