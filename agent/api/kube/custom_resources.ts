/**
 * There are no custom resources here, and kubectl wants to hear that: before it validates an object of a kind that cannot
 * be patched (reviews), it looks whether the kind is one.
 */
import type { KubeHandler } from "./types.ts";

export const customResourcesPath = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

export function noCustomResources(resourceVersion: () => string): KubeHandler {
  return (c) =>
    c.json({
      kind: "CustomResourceDefinitionList",
      apiVersion: "apiextensions.k8s.io/v1",
      metadata: { resourceVersion: resourceVersion() },
      items: [],
    });
}
