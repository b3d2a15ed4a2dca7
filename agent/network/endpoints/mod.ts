/** EndpointSlices and Endpoints: controller.ts is the way in, slice_index.ts what proxy and DNS read. */
export { EndpointsController, type EndpointsControllerOptions } from "./controller.ts";
export { SliceIndex } from "./slice_index.ts";
export { derivedKinds, isDerived } from "./labels.ts";
