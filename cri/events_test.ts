import assert from "node:assert/strict";
import { create, type DescMessage, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { fromContainerd, fromCri } from "./events.ts";
import { EnvelopeSchema } from "./gen/containerd_events_pb.ts";
import { TaskExitSchema, TaskOOMSchema, TaskStartSchema } from "./gen/containerd_tasks_pb.ts";
import { ContainerEventResponseSchema, ContainerEventType } from "./gen/runtime_pb.ts";

function envelope<Schema extends DescMessage>(topic: string, schema: Schema, init: MessageInitShape<Schema>) {
  return create(EnvelopeSchema, {
    topic,
    namespace: "k8s.io",
    timestamp: { seconds: 1_700_000_000n, nanos: 250_000_000 },
    event: { typeUrl: schema.typeName, value: toBinary(schema, create(schema, init)) },
  });
}

const at = 1_700_000_000_250;

Deno.test("fromContainerd() reads starts, exits and OOM kills of containers", () => {
  const exit = { containerId: "c", id: "c", exitStatus: 3 };
  assert.deepEqual(fromContainerd(envelope("/tasks/exit", TaskExitSchema, exit)), {
    type: "stopped",
    id: "c",
    at,
    exitCode: 3,
  });
  assert.deepEqual(fromContainerd(envelope("/tasks/start", TaskStartSchema, { containerId: "c" })), {
    type: "started",
    id: "c",
    at,
  });
  assert.deepEqual(fromContainerd(envelope("/tasks/oom", TaskOOMSchema, { containerId: "c" })), {
    type: "oom",
    id: "c",
    at,
  });
});

Deno.test("fromContainerd() passes over the exit of an exec and topics that it does not know", () => {
  const exec = { containerId: "c", id: "exec-1", exitStatus: 1 };
  assert.equal(fromContainerd(envelope("/tasks/exit", TaskExitSchema, exec)), undefined);
  assert.equal(fromContainerd(envelope("/tasks/paused", TaskStartSchema, { containerId: "c" })), undefined);
  assert.equal(fromContainerd(create(EnvelopeSchema, { topic: "/tasks/exit" })), undefined);
});

Deno.test("fromCri() carries the pod and the exit code of the container that the event is about", () => {
  const event = create(ContainerEventResponseSchema, {
    containerId: "b",
    containerEventType: ContainerEventType.CONTAINER_STOPPED_EVENT,
    createdAt: 1_700_000_000_250_999_999n,
    podSandboxStatus: { metadata: { uid: "u" } },
    containersStatuses: [{ id: "a", exitCode: 1 }, { id: "b", exitCode: 2 }],
  });
  assert.deepEqual(fromCri(event), { type: "stopped", id: "b", at, podUid: "u", exitCode: 2 });
});

Deno.test("fromCri() passes over a type from the future", () => {
  const event = create(ContainerEventResponseSchema, { containerEventType: 9 as ContainerEventType });
  assert.equal(fromCri(event), undefined);
});
