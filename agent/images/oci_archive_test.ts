import assert from "node:assert/strict";
import { digestOf, ociArchive, ociArchiveOf } from "./oci_archive.ts";
import { pauseArchive } from "./pause.ts";
import { tar, untar } from "./tar.ts";

const json = (bytes: Uint8Array | undefined) => JSON.parse(new TextDecoder().decode(bytes));
const layer = tar([{ path: "hello", content: new TextEncoder().encode("hi") }]);

Deno.test("ociArchive() names the image and every blob is what its digest says", () => {
  const archive = ociArchive({
    names: ["a.example/b:1"],
    architecture: "arm64",
    config: { Cmd: ["x"] },
    layers: [layer],
  });
  const files = untar(archive.bytes);
  const blobs = [...files].filter(([path]) => path.startsWith("blobs/"));
  assert.equal(blobs.length, 3);
  for (const [path, bytes] of blobs) assert.equal(path, `blobs/${digestOf(bytes).replace(":", "/")}`);
  const [descriptor] = json(files.get("index.json")).manifests;
  assert.equal(descriptor.digest, archive.digest);
  assert.equal(descriptor.annotations["io.containerd.image.name"], "a.example/b:1");
  assert.deepEqual(descriptor.platform, { architecture: "arm64", os: "linux", variant: "v8" });
  const manifest = json(files.get(`blobs/${archive.digest.replace(":", "/")}`));
  assert.equal(manifest.config.digest, archive.id);
  const config = json(files.get(`blobs/${archive.id.replace(":", "/")}`));
  assert.deepEqual(config.rootfs.diff_ids, [digestOf(layer)]);
  assert.deepEqual(config.config, { Cmd: ["x"] });
});

Deno.test("ociArchiveOf() stores a layer that several images share once", () => {
  const image = (name: string, user: string) => (
    { names: [name], architecture: "amd64" as const, config: { User: user }, layers: [layer] }
  );
  const { bytes, images } = ociArchiveOf([image("a:1", "1"), image("b:1", "2")]);
  const files = untar(bytes);
  assert.equal([...files.keys()].filter((path) => path.startsWith("blobs/")).length, 5);
  assert.equal(json(files.get("index.json")).manifests.length, 2);
  assert.notEqual(images[0].id, images[1].id);
});

Deno.test("pauseArchive() has the same digests on every machine", () => {
  assert.deepEqual(
    (["amd64", "arm64"] as const).map((architecture) => pauseArchive("dev.islet/pause:1", architecture).id),
    [
      "sha256:e2b366d2147092b69eae2be9c98c300f5ec9afa6323ba5cc2d5cb1ab3715b0a3",
      "sha256:c6c6b9470f97de2217af58611f10ac7e916eff9a23b569897b6f5724f362f323",
    ],
  );
});
