/** What the API server checks of an object beyond its shape, by kind. Objects come here after defaulting. */
import type { FieldErrors } from "../field_error.ts";
import { FieldPath } from "../field_path.ts";
import type { AnyObject } from "../kinds.ts";
import { validatePriorityClass, validateRuntimeClass } from "./classes.ts";
import { validateConfigMap, validateSecret } from "./config.ts";
import { validateEndpoints } from "./endpoints.ts";
import { validateEvent } from "./event.ts";
import { validateLease } from "./lease.ts";
import { validateMeta } from "./meta.ts";
import { dns1123Label } from "./names.ts";
import { validateNode } from "./node.ts";
import { validatePod } from "./pod.ts";
import { validateRole, validateRoleBinding } from "./rbac.ts";
import {
  validateAccessReview,
  validateBinding,
  validateRulesReview,
  validateTokenRequest,
  validateTokenReview,
} from "./reviews.ts";
import { validateEndpointSlice, validateService } from "./service.ts";
import { validatePersistentVolume, validatePersistentVolumeClaim } from "./storage.ts";

export function validateObject(object: AnyObject, errors: FieldErrors): void {
  switch (object.kind) {
    case "Pod":
      return validatePod(object, errors);
    case "ConfigMap":
      return validateConfigMap(object, errors);
    case "Secret":
      return validateSecret(object, errors);
    case "Service":
      return validateService(object, errors);
    case "Endpoints":
      return validateEndpoints(object, errors);
    case "EndpointSlice":
      return validateEndpointSlice(object, errors);
    case "PersistentVolume":
      return validatePersistentVolume(object, errors);
    case "PersistentVolumeClaim":
      return validatePersistentVolumeClaim(object, errors);
    case "Namespace":
      return validateMeta(object.metadata, FieldPath.of("metadata"), errors, {
        namespaced: false,
        checkName: dns1123Label,
      });
    case "ServiceAccount":
      return validateMeta(object.metadata, FieldPath.of("metadata"), errors, { namespaced: true });
    case "Role":
    case "ClusterRole":
      return validateRole(object, errors);
    case "RoleBinding":
    case "ClusterRoleBinding":
      return validateRoleBinding(object, errors);
    case "PriorityClass":
      return validatePriorityClass(object, errors);
    case "RuntimeClass":
      return validateRuntimeClass(object, errors);
    case "Node":
      return validateNode(object, errors);
    case "Event":
      return validateEvent(object, errors);
    case "Lease":
      return validateLease(object, errors);
    case "SelfSubjectAccessReview":
    case "SubjectAccessReview":
    case "LocalSubjectAccessReview":
      return validateAccessReview(object, errors);
    case "SelfSubjectRulesReview":
      return validateRulesReview(object, errors);
    case "TokenRequest":
      return validateTokenRequest(object, errors);
    case "TokenReview":
      return validateTokenReview(object, errors);
    case "Binding":
      return validateBinding(object, errors);
    case "Eviction":
    case "SelfSubjectReview":
    case "PodMetrics":
    case "NodeMetrics":
      return;
    default:
      object satisfies never;
  }
}
