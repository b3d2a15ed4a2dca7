/** Parts of a running pod that are changed apart: ephemeral containers are added, cpu and memory are resized. */
import {
  type Container,
  type FieldErrors,
  type Pod,
  validateEphemeralContainersUpdate,
  validateResize,
} from "../../../objects/mod.ts";
import { qosClass } from "../../../resources/mod.ts";
import type { Part } from "../types.ts";

/** What `kubectl debug` changes. */
const ephemeralContainers: Part<Pod> = {
  take({ spec: { ephemeralContainers: given } }, current) {
    const { ephemeralContainers: _, ...spec } = current.spec;
    return { ...current, spec: { ...spec, ...(given && { ephemeralContainers: given }) } };
  },
  validateUpdate: (pod: Pod, current: Pod, errors: FieldErrors) =>
    validateEphemeralContainersUpdate(pod, current, errors),
};

/** Amounts alone are taken over; whoever sends other containers is told that they may not change. */
const resize: Part<Pod> = {
  take({ spec }, current) {
    const lists = ["containers", "initContainers"] as const;
    const same = lists.every((list) =>
      (spec[list] ?? []).map(({ name }) => name).join() === (current.spec[list] ?? []).map(({ name }) => name).join()
    );
    if (!same) return { ...current, spec };
    const resized = (now: Container[], old: Container[]) =>
      old.map((container, at) => {
        const { resources, resizePolicy } = now[at];
        const { resources: _, resizePolicy: __, ...rest } = container;
        return { ...rest, ...(resources && { resources }), ...(resizePolicy && { resizePolicy }) };
      });
    return {
      ...current,
      spec: {
        ...current.spec,
        containers: resized(spec.containers, current.spec.containers),
        ...(spec.initContainers && { initContainers: resized(spec.initContainers, current.spec.initContainers ?? []) }),
      },
    };
  },
  validateUpdate: (pod: Pod, current: Pod, errors: FieldErrors) => validateResize(pod, current, qosClass, errors),
};

export const podParts: Readonly<Record<string, Part<Pod>>> = { ephemeralcontainers: ephemeralContainers, resize };
