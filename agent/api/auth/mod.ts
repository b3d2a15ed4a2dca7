/**
 * Who asks, and may they?
 *
 *     auth(): door ─► authenticate ─► impersonate ─► RequestInfo ─► authorize ─► routes
 */
export { authenticate, type AuthenticatorDeps, tokenUser, unauthorized } from "./authenticate.ts";
export { Authorizer, type Decision, type RoleSource } from "./authorize.ts";
export { forbidden, forbiddenText, refusal } from "./forbidden.ts";
export { anonymous, authenticated, masters, socketUser, unauthenticated } from "./groups.ts";
export { auth, type AuthDeps } from "./middleware.ts";
export type { Attributes, PolicyRule } from "./rules.ts";
export { type AccountLookup, accountName } from "./service_account.ts";
