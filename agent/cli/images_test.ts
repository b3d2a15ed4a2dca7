import { deepEqual } from "node:assert/strict";
import type { ImageInfo } from "../images/mod.ts";
import { imageRows } from "./images.ts";

const now = Date.UTC(2026, 0, 2);
const image = (more: Partial<ImageInfo>): ImageInfo => ({
  id: "sha256:0123456789abcdef0123",
  repoTags: ["docker.io/library/nginx:1"],
  repoDigests: ["docker.io/library/nginx@sha256:cafe"],
  sizeBytes: 12_345_678,
  firstSeen: "2026-01-01T00:00:00Z",
  pods: [],
  ...more,
});

const cases: [name: string, image: Partial<ImageInfo>, expected: string[][]][] = [
  ["an image that was never used", {}, [["docker.io/library/nginx", "1", "0123456789abc", "12.3MB", "never", ""]]],
  ["an image in use", { hold: "in use", lastUsed: "2026-01-01T23:00:00Z" }, [
    ["docker.io/library/nginx", "1", "0123456789abc", "12.3MB", "now", "in use"],
  ]],
  ["a row for each tag", { repoTags: ["127.0.0.1:5000/a:1", "127.0.0.1:5000/a:2"], lastUsed: "2026-01-01T23:00:00Z" }, [
    ["127.0.0.1:5000/a", "1", "0123456789abc", "12.3MB", "60m ago", ""],
    ["127.0.0.1:5000/a", "2", "0123456789abc", "12.3MB", "60m ago", ""],
  ]],
  ["an image without a tag", { repoTags: [], sizeBytes: 999 }, [
    ["docker.io/library/nginx", "<none>", "0123456789abc", "999B", "never", ""],
  ]],
  ["an image without a name", { repoTags: [], repoDigests: [] }, [
    ["<none>", "<none>", "0123456789abc", "12.3MB", "never", ""],
  ]],
];

for (const [name, more, expected] of cases) {
  Deno.test(`imageRows() shows ${name}`, () => {
    deepEqual(imageRows([image(more)], { now }), [
      ["REPOSITORY", "TAG", "IMAGE ID", "SIZE", "USED", "HELD"],
      ...expected,
    ]);
  });
}

Deno.test("imageRows() shows digests and pods where there is room, and whole ids where asked", () => {
  deepEqual(imageRows([image({ pods: ["default/web", "shop/web"] })], { now, wide: true, whole: true })[1], [
    "docker.io/library/nginx",
    "1",
    "sha256:0123456789abcdef0123",
    "12.3MB",
    "never",
    "",
    "sha256:cafe",
    "default/web,shop/web",
  ]);
});
