/**
 * Keys, certificates and tokens of a node.
 *
 *     <rootDir>/pki/  ca.key ca.crt   the node's own authority, for good
 *                     serving.pem     what TLS listeners show; replaced before it ends and when addresses change
 *                     admin.pem       client certificate of admin-cert.kubeconfig
 *                     admin.token     token of admin.kubeconfig
 *                     tokens.json     hashes of tokens that were given out by command
 *                     sa.key          signs ServiceAccount tokens
 *
 * All 0600 in 0700, written in one step, kept for good, mended (and told of) when damaged, never logged.
 */
export { kubeconfig, type KubeconfigInput, serverUrl } from "./kubeconfig.ts";
export { firstServiceAddress, type ServingNames, servingNames } from "./names.ts";
export { Pki, type PkiOptions } from "./pki.ts";
export { type BoundTo, type IssuedToken, type IssueOptions, type TokenClaims, TokenSigner } from "./service_account.ts";
export { administrator, StaticTokens, type TokenHolder } from "./static_tokens.ts";
