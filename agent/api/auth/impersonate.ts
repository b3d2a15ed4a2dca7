/** Acting as somebody else: `kubectl --as`, for those who may impersonate. */
import type { UserInfo } from "../request.ts";
import { badRequest } from "../status.ts";
import type { Authorizer } from "./authorize.ts";
import { forbidden } from "./forbidden.ts";
import { authenticated, unauthenticated, withAuthenticated } from "./groups.ts";
import type { Attributes } from "./rules.ts";

const prefix = "impersonate-extra-";

/** The user to act as: `user` itself without such headers. @throws {ApiError} 403 where that is not allowed. */
export function impersonate(user: UserInfo, headers: Headers, authorizer: Authorizer): UserInfo {
  const name = headers.get("impersonate-user") ?? "";
  const groups = split(headers.get("impersonate-group"));
  const uid = headers.get("impersonate-uid") ?? "";
  const extra: Record<string, string[]> = {};
  for (const [header, value] of headers) {
    if (header.startsWith(prefix)) extra[unescape(header.slice(prefix.length))] = split(value);
  }
  const asked = groups.length > 0 || uid !== "" || Object.keys(extra).length > 0;
  if (name === "") {
    if (asked) throw badRequest("requested to impersonate a group, uid or extra without impersonating a user");
    return user;
  }
  const account = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(name);
  const check = (resource: string, called: string, more: Partial<Attributes> = {}) => {
    const wanted: Attributes = {
      isResource: true,
      verb: "impersonate",
      group: "",
      resource,
      subresource: "",
      namespace: "",
      name: called,
      path: "",
      ...more,
    };
    const { allowed, reason } = authorizer.authorize(user, wanted);
    if (!allowed) throw forbidden(user, wanted, reason);
  };
  if (account) check("serviceaccounts", account[2], { namespace: account[1] });
  else check("users", name);
  for (const group of groups) check("groups", group);
  const ofExtra = { group: "authentication.k8s.io" };
  if (uid !== "") check("uids", uid, ofExtra);
  for (const [key, values] of Object.entries(extra)) {
    for (const value of values) check("userextras", value, { ...ofExtra, subresource: key });
  }
  const own = groups.length === 0 && account
    ? ["system:serviceaccounts", `system:serviceaccounts:${account[1]}`]
    : groups;
  const isAnonymous = name === "system:anonymous";
  return {
    name,
    ...(uid === "" ? {} : { uid }),
    groups: own.includes(unauthenticated) || own.includes(authenticated)
      ? own
      : isAnonymous
      ? [...own, unauthenticated]
      : withAuthenticated(own),
    ...(Object.keys(extra).length > 0 ? { extra } : {}),
  };
}

/** Headers that came several times are one here, with commas; a group's name holds none. */
function split(value: string | null): string[] {
  return (value ?? "").split(",").map((each) => each.trim()).filter((each) => each !== "");
}

function unescape(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}
