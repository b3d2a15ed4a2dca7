/** EndpointSlices and Endpoints of Services: controller.ts is the way in. */
export { EndpointsController, type EndpointsControllerOptions } from "./controller.ts";
export { derivedKinds, isDerived, zoneLabel } from "./labels.ts";
