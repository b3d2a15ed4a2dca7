/** What the container runtime says of itself and of its images, for the node's status. */
import type { CriClient } from "../../../cri/mod.ts";
import type { RuntimeFacts } from "./status.ts";

/** Three calls; the list of images is the costly one. */
export async function readRuntimeFacts(
  { runtime, image }: Pick<CriClient, "runtime" | "image">,
): Promise<RuntimeFacts> {
  const [version, status, { images }] = await Promise.all([
    runtime.version({}),
    runtime.status({}),
    image.listImages({}),
  ]);
  return {
    name: version.runtimeName,
    version: version.runtimeVersion,
    images: images.map(({ repoDigests, repoTags, size }) => ({
      names: [...repoDigests, ...repoTags],
      sizeBytes: Number(size),
    })).filter(({ names }) => names.length > 0),
    ...networkTrouble(status.status?.conditions ?? []),
    handlers: status.runtimeHandlers.map(({ name, features }) => ({
      name,
      ...(features
        ? {
          features: {
            recursiveReadOnlyMounts: features.recursiveReadOnlyMounts,
            userNamespaces: features.userNamespaces,
          },
        }
        : {}),
    })),
    supplementalGroupsPolicy: status.features?.supplementalGroupsPolicy ?? false,
  };
}

/** Why pods would have no network; kubelet's words. */
export function networkTrouble(
  conditions: readonly { type: string; status: boolean; reason: string; message: string }[],
): { network?: string } {
  const trouble = conditions.find(({ type, status }) => type === "NetworkReady" && !status);
  if (!trouble) return {};
  return { network: `NetworkReady=false reason:${trouble.reason} message:${trouble.message}` };
}
