/** The doors of the API: node's HTTP servers around an app's `fetch`, with limits, back-pressure and raw upgrades. */
export { type Door, type DoorOptions, type Fetch, openDoor, type TlsMaterial } from "./door.ts";
export { defaultLimits, type Limits } from "./limits.ts";
