/** Objects in Kubernetes' protobuf: what clients written in Go send. Answers go out as JSON, which they all take. */
export { decodeProtobuf } from "./decode.ts";
export { WireError } from "./reader.ts";
