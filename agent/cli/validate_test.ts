import assert from "node:assert/strict";
import { validate, validateFiles } from "./validate.ts";

const pod = (name: string, more = "") =>
  `apiVersion: v1
kind: Pod
metadata: {name: ${name}}
spec:
  containers:
  - {name: web, image: web:1${more}}
`;

/** A directory with these files, gone afterwards. */
async function withFiles(
  files: Record<string, string | Uint8Array>,
  run: (dir: string) => Promise<void>,
): Promise<void> {
  const dir = Deno.makeTempDirSync({ prefix: "islet-validate-" });
  try {
    for (const [name, content] of Object.entries(files)) {
      Deno.writeFileSync(`${dir}/${name}`, typeof content === "string" ? new TextEncoder().encode(content) : content);
    }
    await run(dir);
  } finally {
    Deno.removeSync(dir, { recursive: true });
  }
}

Deno.test("validateFiles() lists the objects of valid files", async () => {
  await withFiles(
    { "a.yaml": pod("a"), "b.json": `{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"n"}}` },
    async (dir) => {
      assert.deepEqual(await validateFiles([`${dir}/a.yaml`, `${dir}/b.json`]), {
        exitCode: 0,
        output: `${dir}/a.yaml: valid: Pod default/a\n${dir}/b.json: valid: Namespace n`,
      });
    },
  );
});

Deno.test("validateFiles() holds unknown fields to be errors and says where", async () => {
  await withFiles({ "a.yaml": pod("a", ", foo: 1") }, async (dir) => {
    assert.deepEqual(await validateFiles([`${dir}/a.yaml`]), {
      exitCode: 1,
      output: `${dir}/a.yaml:6:31: spec.containers[0].foo: unknown field "foo"`,
    });
  });
});

Deno.test("validateFiles() reads a directory as the node would, and sees names used twice", async () => {
  await withFiles({ "a.yaml": pod("a"), "b.yml": pod("a"), ".hidden.yaml": "[", "note.txt": "[" }, async (dir) => {
    assert.deepEqual(await validateFiles([dir]), {
      exitCode: 1,
      output:
        `${dir}/a.yaml: valid: Pod default/a\n${dir}/b.yml: Pod default/a is already defined in ${dir}/a.yaml\n${dir}/b.yml: valid: Pod default/a`,
    });
  });
});

Deno.test("validateFiles() goes on after a file that cannot be read", async () => {
  await withFiles({ "a.yaml": pod("a"), "bad.yaml": new Uint8Array([0xff, 0xfe, 0x00]) }, async (dir) => {
    const { exitCode, output } = await validateFiles([`${dir}/none.yaml`, `${dir}/bad.yaml`, `${dir}/a.yaml`]);
    const lines = output.split("\n");
    assert.equal(exitCode, 1);
    assert.match(lines[0], /none\.yaml: there is no such file/);
    assert.equal(lines[1], `${dir}/bad.yaml:1:1: Cannot read: not UTF-8 text`);
    assert.equal(lines[2], `${dir}/a.yaml: valid: Pod default/a`);
  });
});

Deno.test("validateFiles() parses large files too, and refuses those beyond 1 MiB", async () => {
  const large = `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: big}\ndata:\n  a: "${"x".repeat(100_000)}"\n`;
  await withFiles({ "large.yaml": large, "huge.yaml": "#".repeat(2 ** 20 + 1) }, async (dir) => {
    const { exitCode, output } = await validateFiles([`${dir}/large.yaml`, `${dir}/huge.yaml`]);
    assert.equal(exitCode, 1);
    assert.deepEqual(output.split("\n"), [
      `${dir}/large.yaml: valid: ConfigMap default/big`,
      `${dir}/huge.yaml:1:1: file is larger than 1048576 bytes`,
    ]);
  });
});

Deno.test("validate() without files is a usage error", async () => {
  await assert.rejects(validate([]), { name: "UsageError" });
  await assert.rejects(validate(["--nope"]), { name: "UsageError" });
});
