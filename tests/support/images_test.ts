import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { buildImages, testImages } from "../images/build.ts";

const missing = !existsSync("/bin/busybox") && !existsSync("/usr/bin/busybox");

Deno.test({
  name: "buildImages() writes one archive with every image, and leaves it alone when it is right",
  ignore: missing,
  fn: async () => {
    const dir = Deno.makeTempDirSync();
    try {
      const file = await buildImages(dir);
      const { mtime, ino } = Deno.statSync(file);
      assert.deepEqual([await buildImages(dir), Deno.statSync(file).mtime, Deno.statSync(file).ino], [
        file,
        mtime,
        ino,
      ]);
      Deno.writeTextFileSync(file, "broken");
      await buildImages(dir);
      assert.ok(Deno.statSync(file).size > 1_000_000);
      assert.deepEqual([...Deno.readDirSync(dir)].map(({ name }) => join(dir, name)), [file]);
    } finally {
      Deno.removeSync(dir, { recursive: true });
    }
  },
});

Deno.test({
  name: "testImages() differ in their user, stop signal and volumes",
  ignore: missing,
  fn: async () => {
    const images = await testImages();
    assert.deepEqual(
      images.map(({ config }) => config.User ?? config.StopSignal ?? Object.keys(config.Volumes ?? {})),
      [
        [],
        "1000",
        "app",
        "SIGUSR1",
        ["/data"],
      ],
    );
  },
});
