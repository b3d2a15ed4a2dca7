/**
 * Pods without an agent: the same calls with the same messages, and nothing else. The messages are those that islet sent for a
 * pod of its own, as the runtime remembers them, under another identity and without islet's mark.
 */
import { fromJson, type JsonValue } from "@bufbuild/protobuf";
import { dirname, join } from "node:path";
import { detect } from "../../cgroups/mod.ts";
import {
  type ContainerConfig,
  ContainerConfigSchema,
  type PodSandboxConfig,
  PodSandboxConfigSchema,
} from "../../cri/mod.ts";
import type { TestNode } from "../support/node.ts";

/** What islet sent for a pod, as text in which names and UIDs can be replaced. */
export interface Template {
  name: string;
  uid: string;
  sandbox: string;
  container: string;
  /** Files that the container mounts from the node. */
  files: { path: string; content: Uint8Array }[];
}

/** A pod whose surroundings are made: what is left are three calls. */
export interface BarePod {
  name: string;
  sandbox: PodSandboxConfig;
  container: ContainerConfig;
  cgroup: string;
}

/** Reads the messages of a running pod of islet's, with one container, out of the runtime. */
export async function takeTemplate(node: TestNode, name: string): Promise<Template> {
  const sandbox = (await node.sandboxes()).find(({ metadata }) => metadata?.name === name)!;
  const container = (await node.containers()).find(({ podSandboxId }) => podSandboxId === sandbox.id)!;
  const [ofSandbox, ofContainer] = await Promise.all([
    node.cri.runtime.podSandboxStatus({ podSandboxId: sandbox.id, verbose: true }),
    node.cri.runtime.containerStatus({ containerId: container.id, verbose: true }),
  ]);
  const config = (info: Record<string, string>) => {
    const { labels, ...rest } = JSON.parse(info.info).config;
    delete labels["dev.islet/owner"];
    return { ...rest, labels };
  };
  const containerConfig = config(ofContainer.info);
  const files = (containerConfig.mounts as { host_path: string }[]).filter(({ host_path }) =>
    Deno.statSync(host_path).isFile
  )
    .map(({ host_path }) => ({ path: host_path, content: Deno.readFileSync(host_path) }));
  return {
    name,
    uid: sandbox.metadata!.uid,
    sandbox: JSON.stringify(config(ofSandbox.info)),
    container: JSON.stringify(containerConfig),
    files,
  };
}

/** Makes what has to be there before the calls: the pod's cgroup, log directory and files. */
export async function preparePod(template: Template, name: string): Promise<BarePod> {
  const uid = crypto.randomUUID();
  const renamed = (text: string) => text.replaceAll(template.uid, uid).replaceAll(template.name, name);
  const read = (text: string) => JSON.parse(renamed(text)) as JsonValue;
  const sandbox = fromJson(PodSandboxConfigSchema, read(template.sandbox), { ignoreUnknownFields: true });
  const container = fromJson(ContainerConfigSchema, read(template.container), { ignoreUnknownFields: true });
  for (const { path, content } of template.files) {
    Deno.mkdirSync(dirname(renamed(path)), { recursive: true });
    Deno.writeFileSync(renamed(path), content);
  }
  Deno.mkdirSync(join(sandbox.logDirectory, dirname(container.logPath)), { recursive: true });
  const cgroup = sandbox.linux!.cgroupParent;
  await detect().create(cgroup, {});
  return { name, sandbox, container, cgroup };
}

/** The three calls. */
export async function runPod({ cri }: TestNode, { sandbox, container }: BarePod): Promise<void> {
  const { podSandboxId } = await cri.runtime.runPodSandbox({ config: sandbox });
  const { containerId } = await cri.runtime.createContainer({
    podSandboxId,
    config: container,
    sandboxConfig: sandbox,
  });
  await cri.runtime.startContainer({ containerId });
}

/** Takes the pods away again, with everything that was made for them. */
export async function removeBarePods(node: TestNode, template: Template, pods: readonly BarePod[]): Promise<void> {
  const uids = new Set(pods.map(({ sandbox }) => sandbox.metadata!.uid));
  const sandboxes = (await node.sandboxes()).filter(({ metadata }) => uids.has(metadata!.uid));
  await Promise.all(sandboxes.map(async ({ id }) => {
    await node.cri.runtime.stopPodSandbox({ podSandboxId: id });
    await node.cri.runtime.removePodSandbox({ podSandboxId: id });
  }));
  for (const { name, sandbox, cgroup } of pods) {
    const uid = sandbox.metadata!.uid;
    await detect().remove(cgroup);
    Deno.removeSync(sandbox.logDirectory, { recursive: true });
    const [file] = template.files;
    const podDir = file &&
      new RegExp(`^.*${template.uid}`).exec(file.path)?.[0].replaceAll(template.uid, uid).replaceAll(
        template.name,
        name,
      );
    if (podDir) Deno.removeSync(podDir, { recursive: true });
  }
}
