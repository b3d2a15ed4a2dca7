import assert from "node:assert/strict";
import { type Credentials, fingerprint, lookUp, parseDockerConfig } from "./keyring.ts";
import { parseReference } from "./reference.ts";

const basic = (user: string, password: string) => ({ auth: btoa(`${user}:${password}`) });
const users = (image: string, ...configs: unknown[]) =>
  lookUp(parseReference(image), configs.map((config) => parseDockerConfig(JSON.stringify(config))))
    .map(({ username }) => username);

const cases: [string, string, Record<string, unknown>, string[]][] = [
  ["an exact host", "r.example/a", { "r.example": basic("u", "p") }, ["u"]],
  ["a host with scheme and API version", "r.example/a", { "https://r.example/v2/": basic("u", "p") }, ["u"]],
  ["Docker's own key for an image without a host", "busybox", { "https://index.docker.io/v1/": basic("u", "p") }, [
    "u",
  ]],
  ["a wildcard for one label", "eu.r.example/a", { "*.r.example": basic("u", "p") }, ["u"]],
  ["no wildcard for two labels", "a.eu.r.example/a", { "*.r.example": basic("u", "p") }, []],
  ["a wildcard within a label", "reg7.example/a", { "reg?.example": basic("u", "p"), "r*8.example": basic("v", "p") }, [
    "u",
  ]],
  ["the same port only", "r.example:5000/a", { "r.example": basic("u", "p"), "r.example:5000": basic("v", "p") }, [
    "v",
  ]],
  ["a path that is a prefix of whole parts", "r.example/team/a", {
    "r.example/team": basic("u", "p"),
    "r.example/te": basic("v", "p"),
  }, ["u"]],
  ["the most specific key first, then the others", "r.example/team/a", {
    "r.example": basic("host", "p"),
    "r.example/team": basic("team", "p"),
    "r.example/team/a": basic("image", "p"),
  }, ["image", "team", "host"]],
  ["no dot of a host as a wildcard", "rXexample/a:1", { "r.example": basic("u", "p") }, []],
  ["user name and password in fields of their own", "r.example/a", { "r.example": { username: "u", password: "p" } }, [
    "u",
  ]],
];
for (const [name, image, auths, expected] of cases) {
  Deno.test(`lookUp() matches ${name}`, () => assert.deepEqual(users(image, { auths }), expected));
}

Deno.test("lookUp() tries the pod's secrets before the node's file and no credential twice", () => {
  const pod = { auths: { "r.example": basic("pod", "p") } };
  const node = { auths: { "r.example": basic("node", "p"), "r.example/a": basic("pod", "p") } };
  assert.deepEqual(users("r.example/a", pod, node), ["pod", "node"]);
});

Deno.test("parseDockerConfig() reads the older format without auths, and identity tokens", () => {
  const [entry] = parseDockerConfig(JSON.stringify({ "r.example": { identitytoken: "t" } }));
  assert.deepEqual(entry, { key: "r.example", credentials: { identityToken: "t" } });
});

Deno.test("parseDockerConfig() keeps colons in a password", () => {
  const [{ credentials }] = parseDockerConfig(JSON.stringify({ auths: { r: basic("u", "a:b:c") } }));
  assert.deepEqual(credentials, { username: "u", password: "a:b:c" } satisfies Credentials);
});

for (const text of ["", "{", '{"auths":{"r":{"auth":"c2VjcmV0LXdvcmQ="}}}', "[1]", '"secret-word"']) {
  Deno.test(`parseDockerConfig() refuses ${text || "nothing"} without quoting it`, () => {
    assert.throws(() => parseDockerConfig(text), (err: Error) => {
      assert.match(err.message, /^Cannot read the Docker configuration: /);
      assert.ok(!err.message.includes("secret-word") && !err.message.includes("c2Vj") && err.cause === undefined);
      return true;
    });
  });
}

Deno.test("fingerprint() tells credentials apart without containing them", () => {
  const one = fingerprint([{ username: "u", password: "hunter2" }]);
  assert.notEqual(one, fingerprint([{ username: "u", password: "hunter3" }]));
  assert.equal(one, fingerprint([{ username: "u", password: "hunter2" }]));
  assert.ok(!one.includes("hunter2"));
});
