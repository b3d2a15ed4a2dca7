/** PodLogOptions from a query. */
import { badRequest } from "../status.ts";
import { checkLogOptions, type LogOptions } from "./log.ts";
import { integer, isTrue } from "./query.ts";

/** Throws a 400 for what cannot be read, a 422 for what is not allowed. */
export function logOptions(pod: string, query: (name: string) => string | undefined): LogOptions {
  const numbers = {
    tailLines: integer(query("tailLines")),
    limitBytes: integer(query("limitBytes")),
    sinceSeconds: integer(query("sinceSeconds")),
  };
  const sinceTime = query("sinceTime") || undefined;
  const since = sinceTime === undefined ? undefined : Date.parse(sinceTime);
  if (since !== undefined && !(isRfc3339(sinceTime!) && since === since)) {
    throw badRequest(`parsing time ${JSON.stringify(sinceTime)} as "2006-01-02T15:04:05Z07:00": it is no such time`);
  }
  const stream = query("stream") || undefined;
  const problem = checkLogOptions(pod, { ...numbers, sinceTime, stream });
  if (problem) throw problem;
  const given = Object.entries({ ...numbers, sinceTime: since }).filter(([, value]) => value !== undefined);
  return {
    follow: isTrue(query("follow")),
    previous: isTrue(query("previous")),
    timestamps: isTrue(query("timestamps")),
    ...Object.fromEntries(given),
    ...(stream === "Stdout" ? { stream: "stdout" } : stream === "Stderr" ? { stream: "stderr" } : {}),
  };
}

function isRfc3339(text: string): boolean {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(text);
}
