import { deepEqual, equal } from "node:assert/strict";
import { decodeBase64Url, encodeBase64Url } from "./base64.ts";

Deno.test("base64url goes there and back for every length", () => {
  for (let length = 0; length < 70; length++) {
    const bytes = crypto.getRandomValues(new Uint8Array(length));
    const text = encodeBase64Url(bytes);
    equal(/^[A-Za-z0-9_-]*$/.test(text), true);
    deepEqual(decodeBase64Url(text), bytes);
  }
});

Deno.test("base64url has one spelling for each value", () => {
  equal(decodeBase64Url("YQ")?.length, 1);
  for (const other of ["YR", "YQ==", "YQ=", "Y", "Y!", "YQ\n", "a+b/", " YQ"]) equal(decodeBase64Url(other), undefined);
});
