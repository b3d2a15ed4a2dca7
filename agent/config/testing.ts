/** For the tests of loadConfig(): a made-up machine, and the heads of the documents. */
import assert from "node:assert/strict";
import { parseFlags } from "./flags.ts";
import { loadConfig } from "./load.ts";
import type { Host } from "./node_config.ts";

export const host: Host = { hostname: () => "Edge-1", systemd: () => false };

/** Loads a file's text and flags on a made-up machine. */
export async function load(text: string | undefined, args: string[] = [], machine = host) {
  const { flags, errors } = parseFlags(args);
  assert.deepEqual(errors, []);
  const file = text === undefined ? {} : { file: "/etc/islet/node.yaml", readFile: () => Promise.resolve(text) };
  return await loadConfig({ ...file, flags, host: machine });
}

export const kubelet = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n";
export const islet = "apiVersion: islet.dev/v1alpha1\nkind: IsletConfiguration\n";
export const proxy = "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n";
