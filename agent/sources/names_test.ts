import assert from "node:assert/strict";
import { isManifestName } from "./names.ts";

Deno.test("isManifestName() takes YAML, JSON and names without extension", () => {
  for (const name of ["web.yaml", "web.yml", "web.json", "web", "WEB.YAML", "a.b.yaml", "web-1", "web_1.yaml"]) {
    assert.equal(isManifestName(name), true, name);
  }
});

Deno.test("isManifestName() passes over hidden, temporary and foreign files", () => {
  const names = [
    ...["", ".hidden.yaml", ".web.yaml.swp", "..data", ".#web.yaml", ".web.yaml.Xy12ab"],
    ...["web.yaml~", "#web.yaml#", "web.yaml.swp", "web.swx", "4913", "web.tmp", "web.yaml.bak", "web.yaml.part"],
    ...["sedAbC12x", "web.yaml.dpkg-new", "web.yaml.rpmsave", "web.yaml.a1B2c3", "web.yaml.orig"],
    ...["README.md", "web.conf", "web.tar.gz", "web.yaml.txt"],
  ];
  for (const name of names) assert.equal(isManifestName(name), false, name);
});
