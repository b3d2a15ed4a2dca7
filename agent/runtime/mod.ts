/**
 * Pods in the runtime's words and back; pure. `sandbox_config.ts` and `container_config.ts` make the messages, from
 * `environment.ts`, `resolv.ts`, `hosts.ts`, `security.ts` and the limits of `resources/`; `labels.ts` says how objects
 * are recognised, `observe.ts` and `stop_grace.ts` read them back. The containerd that islet supervises itself is in
 * `containerd/`.
 */
export * from "./container_config.ts";
export * from "./downward.ts";
export * from "./environment.ts";
export * from "./errors.ts";
export * from "./expand.ts";
export * from "./features.ts";
export * from "./hash.ts";
export * from "./hostname.ts";
export * from "./hosts.ts";
export * from "./labels.ts";
export * from "./linux_resources.ts";
export * from "./observe.ts";
export * from "./pod_files.ts";
export * from "./resolv.ts";
export * from "./sandbox_config.ts";
export * from "./security.ts";
export * from "./stop_grace.ts";
