/**
 * What an update may not do to an object that is there, by kind, in kube-apiserver's words. That the new object is right
 * in itself is checked apart (`validateObject`).
 */
import { type EventsEvent, toEventsEvent } from "../../event.ts";
import type { FieldErrors } from "../../field_error.ts";
import type { AnyObject } from "../../kinds.ts";
import {
  validateEndpointSliceUpdate,
  validateEventUpdate,
  validateNamespaceStatusUpdate,
  validateNodeAddresses,
  validateNodeUpdate,
  validatePriorityClassUpdate,
  validateRoleBindingUpdate,
  validateRuntimeClassUpdate,
} from "./cluster.ts";
import { validateConfigMapUpdate, validateSecretUpdate } from "./config.ts";
import { validateMetaUpdate } from "./meta.ts";
import { validatePodCreate, validatePodStatusUpdate, validatePodUpdate } from "./pod.ts";
import { validateServiceStatusUpdate, validateServiceUpdate } from "./service.ts";
import { validatePersistentVolumeClaimUpdate, validatePersistentVolumeUpdate } from "./storage.ts";

/** What holds for new objects alone. */
export function validateCreate(object: AnyObject, errors: FieldErrors): void {
  if (object.kind === "Pod") validatePodCreate(object, errors);
}

/** Compares an object with the one that it shall replace; both have their defaults. They must be of one kind. */
export function validateUpdate(object: AnyObject, current: AnyObject, errors: FieldErrors): void {
  validateMetaUpdate(object.metadata, current.metadata, errors);
  const old = current as never;
  switch (object.kind) {
    case "Pod":
      return validatePodUpdate(object, old, errors);
    case "ConfigMap":
      return validateConfigMapUpdate(object, old, errors);
    case "Secret":
      return validateSecretUpdate(object, old, errors);
    case "Service":
      return validateServiceUpdate(object, old, errors);
    case "EndpointSlice":
      return validateEndpointSliceUpdate(object, old, errors);
    case "PersistentVolume":
      return validatePersistentVolumeUpdate(object, old, errors);
    case "PersistentVolumeClaim":
      return validatePersistentVolumeClaimUpdate(object, old, errors);
    case "RoleBinding":
    case "ClusterRoleBinding":
      return validateRoleBindingUpdate(object, old, errors);
    case "PriorityClass":
      return validatePriorityClassUpdate(object, old, errors);
    case "RuntimeClass":
      return validateRuntimeClassUpdate(object, old, errors);
    case "Node":
      return validateNodeUpdate(object, old, errors);
    case "Event":
      if (object.apiVersion === "events.k8s.io/v1") validateEventUpdate(object, eventsForm(current), errors);
  }
}

function eventsForm(event: AnyObject): EventsEvent {
  return event.apiVersion === "v1" && event.kind === "Event" ? toEventsEvent(event) : event as EventsEvent;
}

/** As `validateUpdate`, for writes of the status alone. */
export function validateStatusUpdate(object: AnyObject, current: AnyObject, errors: FieldErrors): void {
  validateMetaUpdate(object.metadata, current.metadata, errors);
  switch (object.kind) {
    case "Pod":
      return validatePodStatusUpdate(object, current as never, errors);
    case "Service":
      return validateServiceStatusUpdate(object, errors);
    case "Namespace":
      return validateNamespaceStatusUpdate(object, errors);
    case "Node":
      return validateNodeAddresses(object, errors);
  }
}
