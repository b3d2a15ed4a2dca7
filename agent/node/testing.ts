/** Pods for the tests of this room: a base value and a small change. */
import type { Pod } from "../objects/mod.ts";

/** A pod of one container; its UID is its name. */
export function testPod(name: string, spec: Partial<Pod["spec"]> = {}, metadata: Partial<Pod["metadata"]> = {}): Pod {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "default", uid: name, creationTimestamp: "2026-01-02T03:04:05Z", ...metadata },
    spec: { containers: [{ name: "app", image: "web" }], ...spec },
  } as Pod;
}

/** A container that requests something. */
export function requesting(requests: Record<string, string>, name = "app"): Pod["spec"]["containers"][number] {
  return { name, image: "web", resources: { requests } } as Pod["spec"]["containers"][number];
}
