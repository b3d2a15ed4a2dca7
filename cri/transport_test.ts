import assert from "node:assert/strict";
import { create, toBinary } from "@bufbuild/protobuf";
import { connectCri, type CriClient } from "./client.ts";
import { CriError } from "./errors.ts";
import { ContainerEventResponseSchema, ExecSyncResponseSchema, VersionResponseSchema } from "./gen/runtime_pb.ts";
import { parseEndpoint } from "./transport.ts";

type Handler = (request: Request, message: Uint8Array) => Response | Promise<Response>;

/**
 * A gRPC server on a Unix socket as its client can see it through `fetch`, which hides trailers: HTTP/2 with prior
 * knowledge and length-prefixed messages.
 */
async function withServer(handler: Handler, test: (cri: CriClient, path: string) => Promise<void>, scheme = "unix") {
  const dir = Deno.makeTempDirSync();
  const path = `${dir}/s.sock`;
  const server = serve(path, handler);
  const cri = connectCri(`${scheme}://${path}`);
  try {
    await test(cri, path);
  } finally {
    cri.close();
    await server.shutdown();
    Deno.removeSync(dir, { recursive: true });
  }
}

function serve(path: string, handler: Handler) {
  return Deno.serve({ path, onListen() {} }, async (request) => {
    const body = new Uint8Array(await request.arrayBuffer());
    return await handler(request, body.subarray(5));
  });
}

function frame(message: Uint8Array, flags = 0): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(5 + message.length);
  out[0] = flags;
  new DataView(out.buffer).setUint32(1, message.length);
  out.set(message, 5);
  return out;
}

const version = (runtimeVersion: string) =>
  frame(toBinary(VersionResponseSchema, create(VersionResponseSchema, { runtimeVersion })));
const grpc = (body: BodyInit | null, headers: Record<string, string> = {}, status = 200) =>
  new Response(body, { status, headers: { "content-type": "application/grpc", ...headers } });

async function failure(call: Promise<unknown>): Promise<CriError> {
  try {
    await call;
  } catch (err) {
    assert.ok(err instanceof CriError, String(err));
    return err;
  }
  assert.fail("the call succeeded");
}

Deno.test("parseEndpoint() takes unix and grpc-web sockets and names what it cannot use", () => {
  assert.deepEqual(parseEndpoint("unix:///run/c.sock"), { protocol: "grpc", path: "/run/c.sock" });
  assert.deepEqual(parseEndpoint("unix:/run/c.sock"), { protocol: "grpc", path: "/run/c.sock" });
  assert.deepEqual(parseEndpoint("/run/c.sock"), { protocol: "grpc", path: "/run/c.sock" });
  assert.deepEqual(parseEndpoint("grpc-web+unix:///run/c.sock"), { protocol: "grpc-web", path: "/run/c.sock" });
  for (const wrong of ["", "unix://", "tcp://127.0.0.1:1", "run/c.sock"]) {
    assert.throws(() => parseEndpoint(wrong), new RegExp(`Cannot use container runtime endpoint "${wrong}"`));
  }
});

Deno.test("a unary call is native gRPC over HTTP/2 and tells the runtime its deadline", async () => {
  let path = "";
  let headers = new Headers();
  await withServer((request) => {
    path = new URL(request.url).pathname;
    headers = new Headers(request.headers);
    return grpc(version("1.2.3"));
  }, async (cri) => {
    const answer = await cri.runtime.version({}, { timeoutMs: 5000 });
    assert.equal(answer.runtimeVersion, "1.2.3");
  });
  assert.equal(path, "/runtime.v1.RuntimeService/Version");
  assert.equal(headers.get("content-type"), "application/grpc+proto");
  assert.equal(headers.get("te"), "trailers");
  assert.equal(headers.get("x-grpc-web"), null);
  assert.match(headers.get("grpc-timeout") ?? "", /^(5000|4\d\d\d)m$/);
});

Deno.test("an error comes as headers alone, with its code and its decoded message", async () => {
  await withServer(
    () => grpc(null, { "grpc-status": "5", "grpc-message": "container %22x%22: not found%0Aat all" }),
    async (cri) => {
      const err = await failure(cri.runtime.containerStatus({ containerId: "x" }));
      assert.deepEqual([err.code, err.method], ["not_found", "ContainerStatus"]);
      assert.equal(err.detail, 'container "x": not found\nat all');
    },
  );
});

const notSuccess: [string, () => Response][] = [
  ["no message", () => grpc(null)],
  ["half a message", () => grpc(version("1.2.3").subarray(0, 9))],
  ["half a length", () => grpc(version("1.2.3").subarray(0, 3))],
  ["two messages", () => grpc(new Blob([version("1"), version("2")]))],
  ["a compressed message", () => grpc(frame(new Uint8Array([1, 2, 3]), 1))],
  ["a web page", () => new Response("<html>", { headers: { "content-type": "text/html" } })],
  ["an HTTP error", () => grpc(null, {}, 502)],
];
for (const [what, answer] of notSuccess) {
  Deno.test(`an answer that is ${what} is unavailable, never a success`, async () => {
    await withServer(answer, async (cri) => {
      const err = await failure(cri.runtime.version({}));
      assert.equal(err.code, "unavailable", err.message);
    });
  });
}

Deno.test("a connection that ends without an answer is unavailable", async () => {
  const dir = Deno.makeTempDirSync();
  const listener = Deno.listen({ transport: "unix", path: `${dir}/s.sock` });
  const cri = connectCri(`unix://${dir}/s.sock`);
  const serving = (async () => {
    for await (const connection of listener) connection.close();
  })();
  assert.equal((await failure(cri.runtime.version({}))).code, "unavailable");
  cri.close();
  listener.close();
  await serving;
  Deno.removeSync(dir, { recursive: true });
});

Deno.test("no socket and a refused connection are unavailable and say so", async () => {
  const dir = Deno.makeTempDirSync();
  const cri = connectCri(`unix://${dir}/none.sock`);
  const err = await failure(cri.runtime.version({}));
  assert.equal(err.code, "unavailable");
  assert.match(err.message, /Cannot complete Version: runtime at .*none\.sock does not answer: No such file/);
  cri.close();
  Deno.removeSync(dir, { recursive: true });
});

Deno.test("a restarted runtime is reached again by the same client", async () => {
  await withServer(() => grpc(version("1")), async (cri, path) => {
    await cri.runtime.version({});
    const path2 = path + ".2";
    const first = serve(path2, () => grpc(version("1")));
    const other = connectCri(`unix://${path2}`);
    assert.equal((await other.runtime.version({})).runtimeVersion, "1");
    await first.shutdown();
    assert.equal((await failure(other.runtime.version({}))).code, "unavailable");
    const second = serve(path2, () => grpc(version("2")));
    assert.equal((await other.runtime.version({})).runtimeVersion, "2");
    other.close();
    await second.shutdown();
  });
});

Deno.test("200 slow calls run at once on one connection", async () => {
  let running = 0;
  const all = Promise.withResolvers<void>();
  await withServer(async () => {
    if (++running === 200) all.resolve();
    await all.promise;
    return grpc(frame(new Uint8Array()));
  }, async (cri) => {
    await Promise.all(
      Array.from({ length: 200 }, () => cri.runtime.stopContainer({ containerId: "x", timeout: 30n })),
    );
  });
  assert.equal(running, 200);
});

Deno.test("messages of 16 MiB go through", async () => {
  const stdout = new Uint8Array(16 << 20).fill(7);
  await withServer(
    () => grpc(frame(toBinary(ExecSyncResponseSchema, create(ExecSyncResponseSchema, { stdout })))),
    async (cri) => {
      const answer = await cri.runtime.execSync({ containerId: "x", cmd: ["y"] });
      assert.equal(answer.stdout.length, stdout.length);
      assert.equal(answer.stdout.at(-1), 7);
    },
  );
});

Deno.test("an aborted call reaches the runtime as an abort", async () => {
  const aborted = Promise.withResolvers<void>();
  const arrived = Promise.withResolvers<void>();
  await withServer((request) => {
    request.signal.addEventListener("abort", () => aborted.resolve());
    arrived.resolve();
    return aborted.promise.then(() => grpc(null));
  }, async (cri) => {
    const caller = new AbortController();
    const call = failure(cri.runtime.execSync({ containerId: "x", cmd: ["y"] }, { signal: caller.signal }));
    await arrived.promise;
    caller.abort();
    assert.equal((await call).code, "canceled");
    await aborted.promise;
  });
});

Deno.test("every end of a stream is a break, and an idle one never counts as failed", async () => {
  const event = frame(
    toBinary(ContainerEventResponseSchema, create(ContainerEventResponseSchema, { containerId: "abc" })),
  );
  let subscriptions = 0;
  let finish = () => {};
  await withServer(() => {
    subscriptions++;
    return grpc(
      new ReadableStream({
        start(controller) {
          finish = () => {
            controller.enqueue(event);
            controller.close();
          };
        },
      }),
    );
  }, async (cri) => {
    const told: string[] = [];
    const connected = Promise.withResolvers<void>();
    const broken = Promise.withResolvers<void>();
    const watch = cri.watchEvents({
      settleMs: 20,
      onEvent: (event) => told.push(`${event.type} ${event.id}`),
      onConnected: (source) => {
        told.push(source);
        connected.resolve();
      },
      onBroken: (err) => {
        told.push(err.code);
        broken.resolve();
      },
    });
    await connected.promise;
    assert.deepEqual(told, ["cri"]);
    finish();
    await broken.promise;
    watch.close();
    assert.deepEqual(told, ["cri", "created abc", "unavailable"]);
    assert.equal(subscriptions, 1);
  });
});

Deno.test("a gRPC-Web bridge is spoken to as it is, trailers and all", async () => {
  const trailers = (text: string) => frame(new TextEncoder().encode(text), 0x80);
  await withServer((request) => {
    assert.equal(request.headers.get("content-type"), "application/grpc-web+proto");
    const headers = { "content-type": "application/grpc-web+proto" };
    return new URL(request.url).pathname.endsWith("/Version")
      ? new Response(new Blob([version("9"), trailers("grpc-status: 0\r\n")]), { headers })
      : new Response(trailers("grpc-status: 12\r\ngrpc-message: unknown method\r\n"), { headers });
  }, async (cri) => {
    assert.equal((await cri.runtime.version({})).runtimeVersion, "9");
    assert.equal((await failure(cri.runtime.runtimeConfig({}))).code, "unimplemented");
  }, "grpc-web+unix");
});
