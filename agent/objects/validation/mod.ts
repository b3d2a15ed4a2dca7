/** What the API server checks of an object beyond its shape, by kind. Objects come here after defaulting. */
import type { FieldErrors } from "../field_error.ts";
import { FieldPath } from "../field_path.ts";
import type { KubeObject } from "../kinds.ts";
import { validateConfigMap, validateSecret } from "./config.ts";
import { validateMeta } from "./meta.ts";
import { dns1123Label } from "./names.ts";
import { validatePod } from "./pod.ts";
import { validateEndpointSlice, validateService } from "./service.ts";
import { validatePersistentVolume, validatePersistentVolumeClaim } from "./storage.ts";

export function validateObject(object: KubeObject, errors: FieldErrors): void {
  switch (object.kind) {
    case "Pod":
      return validatePod(object, errors);
    case "ConfigMap":
      return validateConfigMap(object, errors);
    case "Secret":
      return validateSecret(object, errors);
    case "Service":
      return validateService(object, errors);
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
    default:
      object satisfies never;
  }
}
