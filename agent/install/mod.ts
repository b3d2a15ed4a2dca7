/** Installing islet on a machine as a service of systemd, and taking it away again. */
export { applyPart } from "./apply.ts";
export { containerdService, installation, isletService, type Part, places } from "./plan.ts";
export { defaultConfig } from "./plan.ts";
export { removeNode, type RemoveNodeOptions } from "./remove_node.ts";
export { systemctl, unitProperty } from "./systemctl.ts";
