import assert from "node:assert/strict";
import { createServer, type IncomingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { checkRequest, grpcHealth, responseStatus } from "./grpc_health.ts";

/** What a gRPC server says: a message with a status, an error without message, or nothing. */
type Answer = { status: number } | { code: number; message: string } | { http: number } | "silence";

/** Serves Health/Check over plain HTTP/2 and records what was asked. */
async function answering(answer: Answer, use: (port: number) => Promise<void>) {
  const asked: { path?: string; service: string }[] = [];
  const server = createServer();
  server.on("stream", (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    const parts: Uint8Array[] = [];
    stream.on("error", () => {});
    stream.on("data", (part: Uint8Array) => parts.push(part));
    stream.on("end", () => {
      const body = parts.flatMap((part) => [...part]);
      asked.push({ path: String(headers[":path"]), service: new TextDecoder().decode(new Uint8Array(body.slice(7))) });
      const head = { ":status": 200, "content-type": "application/grpc" };
      if (answer === "silence") return;
      if ("http" in answer) return stream.respond({ ":status": answer.http }, { endStream: true });
      if ("code" in answer) {
        const fields = { ...head, "grpc-status": String(answer.code), "grpc-message": answer.message };
        return stream.respond(fields, { endStream: true });
      }
      stream.respond(head, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
      stream.end(new Uint8Array([0, 0, 0, 0, 2, 8, answer.status]));
    });
  });
  const sessions = new Set<{ destroy(): void }>();
  server.on("session", (session) => sessions.add(session));
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", () => listening()));
  try {
    await use((server.address() as AddressInfo).port);
  } finally {
    for (const session of sessions) session.destroy();
    await new Promise((closed) => server.close(closed));
  }
  return asked;
}

const check = (port: number, signal = new AbortController().signal) =>
  grpcHealth({ host: "127.0.0.1", port, service: "shop", timeoutText: "1s", signal });

const answers: [name: string, Answer, result: string, message: string][] = [
  ["SERVING", { status: 1 }, "success", "service healthy"],
  ["NOT_SERVING", { status: 2 }, "failure", 'service unhealthy (responded with "NOT_SERVING")'],
  ["a status without name", { status: 9 }, "failure", 'service unhealthy (responded with "9")'],
  [
    "UNIMPLEMENTED",
    { code: 12, message: "unknown service%20grpc.health.v1.Health" },
    "failure",
    "error: this server does not implement the grpc health protocol (grpc.health.v1.Health): " +
    "unknown service grpc.health.v1.Health",
  ],
  [
    "NOT_FOUND",
    { code: 5, message: "unknown service" },
    "failure",
    "error: health rpc probe failed: rpc error: code = NotFound desc = unknown service",
  ],
  [
    "an HTTP error",
    { http: 404 },
    "failure",
    "error: health rpc probe failed: rpc error: code = Unknown desc = unexpected HTTP status code received from " +
    'server: 404; content-type ""',
  ],
];

for (const [name, answer, result, message] of answers) {
  // node:http2's server keeps resources of its own for a moment: what is tested here is the client.
  Deno.test({
    name: `grpcHealth() judges an answer of ${name}`,
    sanitizeResources: false,
    sanitizeOps: false,
    fn: async () => {
      const asked = await answering(answer, async (port) => assert.deepEqual(await check(port), { result, message }));
      assert.deepEqual(asked, [{ path: "/grpc.health.v1.Health/Check", service: "shop" }]);
    },
  });
}

Deno.test({
  name: "grpcHealth() fails when the answer does not come in time",
  sanitizeResources: false,
  sanitizeOps: false,
  fn: async () => {
    await answering("silence", async (port) => {
      assert.deepEqual(await check(port, AbortSignal.timeout(200)), {
        result: "failure",
        message: "timeout: health rpc did not complete within 1s",
      });
    });
  },
});

Deno.test("grpcHealth() fails when nobody listens", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  assert.deepEqual(await check(port), {
    result: "failure",
    message: `error: failed to connect service at "127.0.0.1:${port}": connect: connection refused`,
  });
});

Deno.test("grpcHealth() is not kept from a port that browsers avoid", async () => {
  const { message } = await check(6000);
  assert.doesNotMatch(message, /blocked/);
});

Deno.test("checkRequest() is a length-prefixed message, empty without a service", () => {
  assert.deepEqual([...checkRequest("")], [0, 0, 0, 0, 0]);
  assert.deepEqual([...checkRequest("ab")], [0, 0, 0, 0, 4, 10, 2, 97, 98]);
  const long = checkRequest("x".repeat(300));
  assert.deepEqual([...long.subarray(0, 8)], [0, 0, 0, 1, 47, 10, 0xac, 2]);
  assert.equal(long.length, 5 + 3 + 300);
});

const bodies: [name: string, bytes: number[], status: number | undefined][] = [
  ["a status", [0, 0, 0, 0, 2, 8, 1], 1],
  ["the default status, which is not written", [0, 0, 0, 0, 0], 0],
  ["unknown fields around the status", [0, 0, 0, 0, 7, 0x12, 1, 65, 8, 2, 0x18, 5], 2],
  ["half a message", [0, 0, 0, 0, 2, 8], undefined],
  ["nothing", [], undefined],
  ["a compressed message", [1, 0, 0, 0, 2, 8, 1], undefined],
];

for (const [name, bytes, status] of bodies) {
  Deno.test(`responseStatus() of ${name} is ${status}`, () => {
    assert.equal(responseStatus(new Uint8Array(bytes)), status);
  });
}
