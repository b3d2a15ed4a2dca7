import { equal, match } from "node:assert/strict";
import { client, configMaps } from "./testing.ts";

const levels = 100_000;
const deep = {
  lists: "[".repeat(levels) + "]".repeat(levels),
  objects: '{"a":'.repeat(levels) + "1" + "}".repeat(levels),
};

for (const [what, text] of Object.entries(deep)) {
  Deno.test(`${what} nested without end are refused, wherever they are`, async () => {
    const { ask, create } = client();
    await create(configMaps, { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" } });
    const about = '"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}';
    const asked: [method: string, path: string, body: string][] = [
      ["POST", configMaps, `{${about},"data":${text}}`],
      ["POST", configMaps, `{${about},"unknown":${text}}`],
      ["PUT", `${configMaps}/a`, `{${about},"metadata":{"name":"a","managedFields":[{"fieldsV1":${text}}]}}`],
      ["DELETE", `${configMaps}/a`, `{"preconditions":${text}}`],
    ];
    for (const [method, path, body] of asked) {
      const { code, body: said } = await ask(method, path, { body });
      equal(code, 400, `${method} ${path}: ${JSON.stringify(said).slice(0, 200)}`);
      match(said.message, /nested more than 500 levels deep/);
    }
  });
}

Deno.test("YAML, which is slow to read, may be a third of what JSON may", async () => {
  const { ask } = client();
  const body = `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n${"# more\n".repeat(150_000)}`;
  for (
    const [method, path, type] of [
      ["POST", configMaps, "application/yaml"],
      ["PATCH", `${configMaps}/a?fieldManager=m`, "application/apply-patch+yaml"],
      ["POST", "/islet/v1/apply", "application/yaml"],
    ]
  ) {
    const { code, body: said } = await ask(method, path, { body, type });
    equal(code, 413, `${method} ${path}: ${JSON.stringify(said).slice(0, 200)}`);
    match(said.message, /limit is 1048576/);
  }
});

Deno.test("however much is wrong with a body, the answer's head stays small", async () => {
  const { create } = client();
  const about = { apiVersion: "v1", kind: "ConfigMap" };
  const long = await create(configMaps, { ...about, metadata: { name: "a" }, ["x".repeat(100_000)]: 1 });
  const fields = Object.fromEntries(Array.from({ length: 10_000 }, (_, at) => [`field${at}`, 1]));
  const many = await create(configMaps, { ...about, metadata: { name: "b" }, ...fields });
  for (const { code, headers, warnings } of [long, many]) {
    equal(code, 201);
    match(warnings[0], /^unknown field /);
    equal(headers.get("warning")!.length < 5000, true);
  }
});

Deno.test("a name that is half a character is refused like any other that is none", async () => {
  const { ask } = client();
  for (const metadata of ['{"name":"\\ud800"}', '{"name":"a","namespace":"\\ud800"}']) {
    const { code } = await ask("POST", "/islet/v1/apply", {
      body: `{"apiVersion":"v1","kind":"ConfigMap","metadata":${metadata}}`,
    });
    equal(code >= 400 && code < 500, true, String(code));
  }
});
