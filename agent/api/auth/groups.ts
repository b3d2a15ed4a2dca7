/** Users and groups that have a meaning of their own. */
import type { UserInfo } from "../request.ts";

export const authenticated = "system:authenticated";
export const unauthenticated = "system:unauthenticated";
/** May all; no role can take that away. */
export const masters = "system:masters";

/** Root on this machine. */
export const socketUser: UserInfo = { name: "system:admin", groups: [masters, authenticated] };
export const anonymous: UserInfo = { name: "system:anonymous", groups: [unauthenticated] };

export function withAuthenticated(groups: readonly string[]): string[] {
  return [...new Set([...groups, authenticated])];
}
