/** Pods for tests, in few words. */
import type { Container, Pod } from "../objects/mod.ts";

export const testUid = "0c35bfc6-7dd7-44aa-a4b4-1b8d64a2c1f7";

/** A container with requests and limits: `box("web", { cpu: "100m" }, { memory: "64Mi" })`. */
export function box(
  name: string,
  requests?: Record<string, string>,
  limits?: Record<string, string>,
  more: Partial<Container> = {},
): Container {
  return { name, image: "example/web:1", resources: { requests, limits }, ...more };
}

/** A container that asks for exactly what it is limited to. */
export function exact(name: string, amounts: Record<string, string>, more: Partial<Container> = {}): Container {
  return box(name, amounts, amounts, more);
}

export const sidecar: Partial<Container> = { restartPolicy: "Always" };

/** A pod of these containers. */
export function podOf(
  containers: Container[],
  spec: Partial<Pod["spec"]> = {},
  metadata: Partial<Pod["metadata"]> = {},
): Pod {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "web", namespace: "shop", uid: testUid, ...metadata },
    spec: { containers, ...spec },
  };
}
