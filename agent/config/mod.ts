/**
 * Configuration: one table of fields (a row a field of KubeletConfiguration, KubeProxyConfiguration or
 * IsletConfiguration, with its flag) from which files are read, flags are parsed and help is written.
 *
 *     argv ──► parseFlags() ──┐
 *     YAML ──► document.ts ───┴─► readValue() ──► Settings ──► rules ──► NodeConfig
 *
 * Flags win over the file, the file over the defaults. A field that is known but has no effect here is a warning that
 * names it; an unknown one is an error with line and column. Started by flags alone, no YAML parser is loaded.
 */
export { formatDuration, parseDuration } from "../duration.ts";
export { describeFlags, type Flags, type ParsedFlags, parseFlags } from "./flags.ts";
export { loadConfig, type Loaded, type LoadOptions } from "./load.ts";
export { type ConntrackWish, type Host, type NodeConfig, thisHost } from "./node_config.ts";
export type { PriorityGrace, Taint } from "./settings.ts";
