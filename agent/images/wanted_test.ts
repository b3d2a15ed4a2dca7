import { deepEqual } from "node:assert/strict";
import type { Pod } from "../objects/mod.ts";
import { WantedImages } from "./wanted.ts";

const digest = `sha256:${"a".repeat(64)}`;

function pod(name: string, image: string, initImage?: string): Pod {
  return {
    metadata: { namespace: "shop", name },
    spec: {
      containers: [{ name: "main", image }],
      ...(initImage ? { initContainers: [{ name: "init", image: initImage }] } : {}),
    },
  } as Pod;
}

const cases: [asked: string, names: string[], wanted: boolean][] = [
  ["nginx", ["docker.io/library/nginx:latest"], true],
  ["nginx:1", ["docker.io/library/nginx:1"], true],
  ["nginx:1", ["docker.io/library/nginx:2"], false],
  ["nginx:1", ["example.com/nginx:1"], false],
  ["team/app:1", ["docker.io/team/app:1"], true],
  ["127.0.0.1:5000/app:1", ["127.0.0.1:5000/app:1", `127.0.0.1:5000/app@${digest}`], true],
  [`127.0.0.1:5000/app@${digest}`, ["127.0.0.1:5000/app:1", `127.0.0.1:5000/app@${digest}`], true],
  [`127.0.0.1:5000/app:1@${digest}`, [`127.0.0.1:5000/app@${digest}`], true],
  [`127.0.0.1:5000/app:1@${digest}`, ["127.0.0.1:5000/app:1"], false],
  ["sha256:cafe", [], true],
  ["NOT:A:NAME", ["docker.io/library/nginx:1"], false],
];

for (const [asked, names, wanted] of cases) {
  Deno.test(`WantedImages: ${asked} ${wanted ? "is" : "is not"} ${names[0] ?? "an id"}`, () => {
    deepEqual(new WantedImages([pod("web", asked)]).by("sha256:cafe", names), wanted ? ["shop/web"] : []);
  });
}

Deno.test("WantedImages names all pods that want an image, for whichever of their containers", () => {
  const wanted = new WantedImages([pod("b", "app:1"), pod("a", "other:1", "app:1"), pod("c", "other:1")]);
  deepEqual(wanted.by("sha256:1", ["docker.io/library/app:1"]), ["shop/a", "shop/b"]);
});
