import assert from "node:assert/strict";
import { CtrImporter, importedNames, unpackerOf } from "./importer.ts";

Deno.test("importedNames() reads what ctr prints, one image a line", () => {
  const digest = "sha256:" + "0".repeat(64);
  assert.deepEqual(
    importedNames(`unpacking dev.islet/a:1 (${digest})...done\nunpacking docker.io/library/b:2 (${digest})...done\n`),
    ["dev.islet/a:1", "docker.io/library/b:2"],
  );
  assert.deepEqual(importedNames("nothing of the kind\n"), []);
});

Deno.test("unpackerOf() knows packed archives by their first bytes", () => {
  const cases: [bytes: number[], program: string | undefined][] = [
    [[0x1f, 0x8b, 8, 0], "gzip"],
    [[0x28, 0xb5, 0x2f, 0xfd], "zstd"],
    [[...new TextEncoder().encode("bin/")], undefined],
    [[0x1f], undefined],
    [[], undefined],
  ];
  for (const [bytes, program] of cases) assert.equal(unpackerOf(new Uint8Array(bytes)), program);
});

/** A `ctr` that writes down what it is given, or fails at once. */
async function withCtr(script: string, test: (importer: CtrImporter, dir: string) => Promise<void>): Promise<void> {
  const dir = Deno.makeTempDirSync();
  const path = Deno.env.get("PATH")!;
  Deno.writeTextFileSync(`${dir}/ctr`, `#!/bin/sh\ncd ${dir}\n${script}`, { mode: 0o755 });
  Deno.env.set("PATH", `${dir}:${path}`);
  try {
    await test(new CtrImporter({ socket: "/nowhere" }), dir);
  } finally {
    Deno.env.set("PATH", path);
    Deno.removeSync(dir, { recursive: true });
  }
}

const writesDown =
  `case "$*" in *" import "*) cat > archive; echo "unpacking a:1 (sha256:0)...done";; *) echo "$*" >> labels;; esac`;

Deno.test("CtrImporter takes what is sent, unpacked on the way, and marks images as pinned and no longer so", async () => {
  await withCtr(writesDown, async (importer, dir) => {
    const content = "an archive ".repeat(100_000);
    for (
      const stream of [
        new Blob([content]).stream(),
        new Blob([content]).stream().pipeThrough(new CompressionStream("gzip")),
      ]
    ) {
      assert.deepEqual(await importer.import(stream), ["a:1"]);
      assert.equal(Deno.readTextFileSync(`${dir}/archive`), content);
    }
    await importer.release(["a:1"]);
    const labels = Deno.readTextFileSync(`${dir}/labels`).trim().split("\n").map((line) =>
      line.replace(/.* images /, "")
    );
    assert.deepEqual(labels, [
      "label a:1 io.cri-containerd.pinned=pinned",
      "label a:1 io.cri-containerd.pinned=pinned",
      "label a:1 io.cri-containerd.pinned=",
    ]);
  });
});

Deno.test("CtrImporter says why an archive is refused, and leaves the rest of it to its sender", async () => {
  await withCtr("head -c 10 >/dev/null; echo 'ctr: unrecognized image format' >&2; exit 1", async (importer) => {
    let sent = 0;
    const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
      pull: (controller) => sent++ < 100 ? controller.enqueue(new Uint8Array(65536)) : controller.close(),
    });
    await assert.rejects(importer.import(stream), /Cannot import an image archive: unrecognized image format/);
    assert.equal(stream.locked, false);
    for await (const _ of stream);
    assert.equal(sent, 101);
  });
});
