import assert from "node:assert/strict";
import type { CriClient } from "../../cri/mod.ts";
import { pauseArchive } from "./pause.ts";
import { ImagePins, memoryRecords } from "./pins.ts";
import { ensurePauseImage, sandboxImageOf } from "./sandbox_image.ts";

const name = "dev.islet/pause:1";

Deno.test("ensurePauseImage() imports the carried image once, again when it has changed, and pins it", async () => {
  let present: string | undefined;
  let imports = 0;
  const { id } = pauseArchive(name);
  const pins = new ImagePins(memoryRecords());
  const options = {
    name,
    pins,
    image: {
      imageStatus: () => Promise.resolve({ image: present === undefined ? undefined : { id: present } }),
    } as unknown as CriClient["image"],
    importer: {
      import: () => {
        imports++;
        present = id;
        return Promise.resolve([name]);
      },
    },
  };
  await ensurePauseImage(options);
  await ensurePauseImage(options);
  assert.equal(imports, 1);
  present = "sha256:older";
  await ensurePauseImage(options);
  assert.equal(imports, 2);
  assert.equal(pins.isPinned(id), true);
});

Deno.test("sandboxImageOf() finds the name in what containerd 1.x and 2.x say", () => {
  assert.equal(sandboxImageOf('{"sandboxImage":"registry.k8s.io/pause:3.6"}'), "registry.k8s.io/pause:3.6");
  assert.equal(sandboxImageOf('{"pinnedImages":{"sandbox":"p:1"}}'), "p:1");
  assert.equal(sandboxImageOf("not json"), undefined);
  assert.equal(sandboxImageOf(undefined), undefined);
});
