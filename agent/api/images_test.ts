import { deepEqual, equal, match } from "node:assert/strict";
import { ImageCommandError, type ImageInfo } from "../images/mod.ts";
import type { AppDeps } from "./deps.ts";
import { testNode } from "./testing.ts";

const image: ImageInfo = {
  id: "sha256:1",
  repoTags: ["example.com/a:1"],
  repoDigests: [],
  sizeBytes: 5,
  firstSeen: "2026-01-01T00:00:00Z",
  pods: [],
};

/** A node whose images answer as told, and what they were asked for. */
function setUp(answers: Partial<NonNullable<AppDeps["images"]>> = {}) {
  const asked: unknown[] = [];
  const { app } = testNode({
    images: {
      list: async () => [image],
      prune: async (options) => (asked.push(options), { images: [image], freedBytes: 7 }),
      pull: async (name) => (asked.push(name), image),
      import: async (body) => (asked.push(await new Response(body).text()), [image]),
      ...answers,
    },
  });
  const ask = async (path: string, init?: RequestInit) => {
    const answer = await app.request(`/islet/v1/images${path}`, init);
    return { code: answer.status, body: await answer.json() };
  };
  return { asked, ask };
}

const post = (body?: string | ReadableStream) => ({ method: "POST", body, duplex: "half" }) as RequestInit;

Deno.test("images are listed, pruned, pulled and imported", async () => {
  const { asked, ask } = setUp();
  deepEqual(await ask(""), { code: 200, body: { items: [image] } });
  deepEqual(await ask("/prune", post()), { code: 200, body: { images: [image], freedBytes: 7 } });
  await ask("/prune?all=true&dryRun=All", post());
  deepEqual(await ask("/pull", post('{"image":"a:1"}')), { code: 200, body: { image } });
  deepEqual(await ask("/import", post("archive")), { code: 200, body: { items: [image] } });
  deepEqual(asked, [{ all: false, dryRun: false }, { all: true, dryRun: true }, "a:1", "archive"]);
});

Deno.test("what is asked for wrongly is a 400, what the runtime refuses a 502 in its own words", async () => {
  const { ask } = setUp({
    list: () => Promise.reject(new Error("Cannot complete ListImages: away")),
    pull: () => Promise.reject(new ImageCommandError("invalid reference format")),
  });
  const cases: [path: string, init: RequestInit | undefined, code: number, message: RegExp][] = [
    ["/prune?dryRun=some", post(), 400, /dryRun may be All, not "some"/],
    ["/pull", post("{"), 400, /no JSON/],
    ["/pull", post("[]"), 400, /image must be the name/],
    ["/pull", post('{"image":"A"}'), 400, /invalid reference format/],
    ["/import", post(), 400, /no body/],
    ["", undefined, 502, /Cannot complete ListImages: away/],
  ];
  for (const [path, init, code, message] of cases) {
    const answer = await ask(path, init);
    equal(answer.code, code, path);
    match(answer.body.message, message);
  }
});

Deno.test("an archive that is refused is read to its end all the same, so that the sender sees why", async () => {
  let left = 100;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (left-- > 0) controller.enqueue(new Uint8Array(1000));
      else controller.close();
    },
  });
  const { ask } = setUp({
    async import(stream) {
      const reader = stream.getReader();
      await reader.read();
      reader.releaseLock();
      throw new Error("unrecognized image format");
    },
  });
  const { code, body: status } = await ask("/import", post(body));
  deepEqual([code, status.message, left], [502, "unrecognized image format", -1]);
});

Deno.test("a node without images has no routes for them", async () => {
  equal((await testNode().app.request("/islet/v1/images")).status, 404);
});
