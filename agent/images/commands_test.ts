import { deepEqual, equal, rejects } from "node:assert/strict";
import type { CriClient } from "../../cri/mod.ts";
import { ManualClock } from "../clock.ts";
import { ImageCommandError, ImageCommands, type ImageCommandsOptions } from "./commands.ts";
import { memoryRecords } from "./pins.ts";
import type { HeldImage } from "./plan_collection.ts";
import { UseBook } from "./use_book.ts";

async function setUp(more: Partial<ImageCommandsOptions> = {}) {
  const clock = new ManualClock();
  await clock.advance(60_000);
  const book = new UseBook(memoryRecords(), clock, () => clock.now());
  const changed: string[][] = [];
  const held: HeldImage[] = [
    { id: "sha256:2", names: ["z:1", "z@sha256:2"], bytes: 2, seenAt: 0, pods: [], hold: undefined },
    { id: "sha256:1", names: ["a:1"], bytes: 1, seenAt: 0, usedAt: 30_000, pods: ["default/web"], hold: "in use" },
  ];
  const commands = new ImageCommands({
    collector: {
      images: async () => held,
      prune: async ({ dryRun } = {}) => ({ images: [held[0]], freedBytes: dryRun ? 0 : 9 }),
    },
    manager: { pull: async (name) => ({ imageRef: name.startsWith("z") ? "sha256:2" : "", repoDigests: [], size: 2 }) },
    importer: { import: async () => ["z:1"] },
    image: { imageStatus: async () => ({ image: { id: "sha256:2" } }) } as unknown as CriClient["image"],
    book,
    clock,
    onChanged: (names) => changed.push(names),
    ...more,
  });
  return { commands, book, changed };
}

const archive = () => new Blob(["archive"]).stream();
const { signal } = new AbortController();

Deno.test("ImageCommands lists images by name, with their times as stamps", async () => {
  const { commands } = await setUp();
  deepEqual(await commands.list(), [
    {
      id: "sha256:1",
      repoTags: ["a:1"],
      repoDigests: [],
      sizeBytes: 1,
      firstSeen: "2026-01-01T00:00:00Z",
      lastUsed: "2026-01-01T00:00:30Z",
      hold: "in use",
      pods: ["default/web"],
    },
    {
      id: "sha256:2",
      repoTags: ["z:1"],
      repoDigests: ["z@sha256:2"],
      sizeBytes: 2,
      firstSeen: "2026-01-01T00:00:00Z",
      pods: [],
    },
  ]);
});

Deno.test("ImageCommands keeps what it imports, and says what has come", async () => {
  const { commands, book, changed } = await setUp();
  deepEqual((await commands.import(archive(), signal)).map(({ id }) => id), ["sha256:2"]);
  deepEqual([book.isKept("sha256:2"), book.isKept("sha256:1")], [true, false]);
  equal((await commands.pull("z:1", signal))?.id, "sha256:2");
  await commands.prune({ dryRun: true });
  deepEqual(changed, [["z:1"], ["z:1"]]);
  equal((await commands.prune({})).freedBytes, 9);
  deepEqual(changed.at(-1), []);
});

Deno.test("ImageCommands refuses names that are none, and archives where the runtime takes none", async () => {
  const { commands } = await setUp({ importer: undefined });
  await rejects(commands.pull("UPPER", signal), ImageCommandError);
  await rejects(commands.import(archive(), signal), /CRI has no call to import images/);
});
