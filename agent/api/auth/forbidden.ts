/** Refusals in kube-apiserver's words. */
import type { UserInfo } from "../request.ts";
import { ApiError } from "../status.ts";
import { type Attributes, combined } from "./rules.ts";

const quoted = (text: string) => JSON.stringify(text);

/** What somebody may not do, as a sentence without its start. */
export function forbiddenText(user: UserInfo, wanted: Attributes): string {
  const who = `User ${quoted(user.name)} cannot ${wanted.verb}`;
  if (!wanted.isResource) return `${who} path ${quoted(wanted.path)}`;
  const what = `${who} resource ${quoted(combined(wanted))} in API group ${quoted(wanted.group)}`;
  return wanted.namespace === ""
    ? `${what} at the cluster scope`
    : `${what} in the namespace ${quoted(wanted.namespace)}`;
}

export function forbidden(user: UserInfo, wanted: Attributes, reason = ""): ApiError {
  const text = forbiddenText(user, wanted) + (reason === "" ? "" : `: ${reason}`);
  if (!wanted.isResource) return new ApiError(403, "Forbidden", `forbidden: ${text}`, {});
  return refusal(wanted, text);
}

/** `pods "web" is forbidden: …`. */
export function refusal(
  { resource, group, name }: Pick<Attributes, "resource" | "group" | "name">,
  text: string,
): ApiError {
  const kind = group === "" ? resource : `${resource}.${group}`;
  const what = name === "" ? kind : `${kind} ${quoted(name)}`;
  return new ApiError(403, "Forbidden", `${what} is forbidden: ${text}`, {
    ...(name === "" ? {} : { name }),
    ...(group === "" ? {} : { group }),
    kind: resource,
  });
}
