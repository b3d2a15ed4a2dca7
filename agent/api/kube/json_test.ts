import { deepEqual, equal, ok } from "node:assert/strict";
import { answerBody, JsonList, objectBytes, passingBytes } from "./json.ts";

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

function frozen(name: string, filling = 0): object {
  return Object.freeze({ kind: "Thing", metadata: Object.freeze({ name }), data: "ü".repeat(filling) });
}

Deno.test("the bytes of a stored object are made once, those of any other each time", () => {
  const stored = frozen("a");
  equal(objectBytes(stored), objectBytes(stored));
  equal(passingBytes(stored), objectBytes(stored));
  equal(text(objectBytes(stored)), `${JSON.stringify(stored)}\n`);
  const loose = { kind: "Thing", count: 1 };
  objectBytes(loose);
  loose.count = 2;
  equal(text(objectBytes(loose)), '{"kind":"Thing","count":2}\n');
});

Deno.test("what is told in passing, or is large, is not kept", () => {
  const passing = frozen("b"), large = frozen("c", 20_000);
  ok(passingBytes(passing) !== passingBytes(passing));
  ok(objectBytes(large) !== objectBytes(large));
  deepEqual(objectBytes(large), objectBytes(large));
});

Deno.test("a list says what JSON says of it, in pieces when it is long, and how long it is", async () => {
  const head = { kind: "ThingList", metadata: { resourceVersion: "7" } };
  for (const [count, filling, pieces] of [[0, 0, 1], [1, 0, 1], [3, 10, 1], [100, 3000, 10], [2, 60_000, 3]]) {
    const items = Array.from({ length: count }, (_, i) => frozen(`thing-${i}`, filling));
    const list = new JsonList(head, items);
    const { body, length } = answerBody(list);
    equal(body instanceof ReadableStream, pieces > 1, `${count} of ${filling}`);
    const got: Uint8Array[] = [];
    if (body instanceof ReadableStream) { for await (const piece of body) got.push(piece); }
    else got.push(body);
    equal(got.length, pieces, `${count} of ${filling}`);
    const whole = new Uint8Array(await new Blob(got as BlobPart[]).arrayBuffer());
    equal(whole.length, length);
    equal(text(whole), `${JSON.stringify(list)}\n`);
  }
});
