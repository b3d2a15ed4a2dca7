/** Parameters of requests: in paths and queries, as the API server's options have them. */

export interface Parameter {
  name: string;
  in: "query" | "path";
  type: "string" | "integer" | "boolean" | "array";
  description: string;
  required?: boolean;
}

function query(name: string, type: Parameter["type"], description: string, required = false): Parameter {
  return { name, in: "query", type, description, ...(required ? { required } : {}) };
}

function path(name: string, description: string): Parameter {
  return { name, in: "path", type: "string", description, required: true };
}

export const namespaceParameter = path("namespace", "The object's namespace.");

export function nameParameter(kind: string): Parameter {
  return path("name", `The name of the ${kind}.`);
}

export const pretty = query("pretty", "string", "Whether the answer is indented: true or false.");

const resourceVersion = query(
  "resourceVersion",
  "string",
  "How old the answer may be. Unset or the number of a version: not older than that; 0: whatever is at hand.",
);

export const listParameters: readonly Parameter[] = [
  query("allowWatchBookmarks", "boolean", "A watch may get BOOKMARK events, which only carry a resourceVersion."),
  query("continue", "string", "Where the list goes on: the continue token of the last answer."),
  query("fieldSelector", "string", "Only objects whose fields are these: metadata.name=web,spec.nodeName!=edge-1."),
  query("labelSelector", "string", "Only objects whose labels are these: app=web,tier in (front, back),!old."),
  query("limit", "integer", "At most so many objects in one answer; a longer list has a continue token."),
  resourceVersion,
  query("resourceVersionMatch", "string", "How resourceVersion is meant: Exact or NotOlderThan."),
  query("sendInitialEvents", "boolean", "A watch begins with the objects that are there, then a BOOKMARK."),
  query("timeoutSeconds", "integer", "After so many seconds the list or watch ends."),
  query("watch", "boolean", "Stream changes as they happen instead of a list."),
];

export const getParameters: readonly Parameter[] = [resourceVersion];

const dryRun = query("dryRun", "string", "All: check and answer as ever, but store nothing.");
const fieldManager = query("fieldManager", "string", "Who is named as manager of the fields that this changes.");
const fieldValidation = query(
  "fieldValidation",
  "string",
  "What happens to unknown and repeated fields: Ignore drops them, Warn (the default) adds a Warning header, Strict refuses the request.",
);

export const writeParameters: readonly Parameter[] = [dryRun, fieldManager, fieldValidation];

export const patchParameters: readonly Parameter[] = [
  dryRun,
  { ...fieldManager, description: fieldManager.description + " Needed for apply patches." },
  fieldValidation,
  query("force", "boolean", "An apply patch takes over fields that others manage. Only for apply patches."),
];

export const deleteParameters: readonly Parameter[] = [
  dryRun,
  query("gracePeriodSeconds", "integer", "Seconds that the object gets to end; 0 is at once."),
  query(
    "ignoreStoreReadErrorWithClusterBreakingPotential",
    "boolean",
    "Has no effect: objects that cannot be read are set aside at start.",
  ),
  query("orphanDependents", "boolean", "Older form of propagationPolicy: true is Orphan."),
  query(
    "propagationPolicy",
    "string",
    "What happens to objects that this one owns: Orphan, Background or Foreground.",
  ),
];

const streams: readonly Parameter[] = [
  query(
    "container",
    "string",
    "The container; without it the only one, or the one of the default-container annotation.",
  ),
  query("stderr", "boolean", "Stream what the process writes as errors."),
  query("stdin", "boolean", "Pass input on to the process."),
  query("stdout", "boolean", "Stream what the process writes."),
  query("tty", "boolean", "The process has a terminal; stderr is then part of stdout."),
];

/** Query parameters of subresources that are no options of objects, by name. */
export const subresourceParameters: Readonly<Record<string, readonly Parameter[]>> = {
  log: [
    query("container", "string", "The container whose log it is; needed where the pod has several."),
    query("follow", "boolean", "Go on with lines as they are written."),
    query("insecureSkipTLSVerifyBackend", "boolean", "Has no effect: there is no backend behind this node."),
    query("limitBytes", "integer", "End after so many bytes."),
    query("pretty", "string", "Has no effect on logs."),
    query("previous", "boolean", "The log of the container's last run."),
    query("sinceSeconds", "integer", "Only lines of the last so many seconds."),
    query("sinceTime", "string", "Only lines since this time (RFC 3339)."),
    query("stream", "string", "All, Stdout or Stderr."),
    query("tailLines", "integer", "Only the last so many lines."),
    query("timestamps", "boolean", "Each line begins with the time at which it was written."),
  ],
  exec: [query("command", "array", "The program and its arguments, one parameter each."), ...streams],
  attach: streams,
  portforward: [query("ports", "array", "The pod's ports that are forwarded.")],
};
