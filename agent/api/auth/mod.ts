/**
 * Who asks, and may they?
 *
 *     auth(): door ─► authenticate ─► impersonate ─► RequestInfo ─► authorize ─► routes
 *     authorize ◄── rules.ts ◄── Role, ClusterRole and their bindings in the store; bootstrap.ts: those of every cluster
 */
export { issueAccountToken } from "./account_tokens.ts";
export { authenticate, type AuthenticatorDeps, tokenUser, unauthorized } from "./authenticate.ts";
export { Authorizer, type Decision, type RoleSource } from "./authorize.ts";
export { bootstrapChanges, viewers } from "./bootstrap.ts";
export { checkEscalation } from "./escalation.ts";
export { forbidden, forbiddenText, refusal } from "./forbidden.ts";
export { anonymous, authenticated, masters, socketUser, unauthenticated } from "./groups.ts";
export { issuerRoutes } from "./issuer.ts";
export { auth, type AuthDeps, kubeletAuth, type KubeletAuthOptions } from "./middleware.ts";
export { type PodTokenRequest, PodTokens, type PodTokensOptions } from "./pod_tokens.ts";
export { type Attributes, compact as compactRules, type PolicyRule } from "./rules.ts";
export { type AccountLookup, accountName } from "./service_account.ts";
