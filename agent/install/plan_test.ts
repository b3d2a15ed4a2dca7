import { deepEqual, equal, match, ok } from "node:assert/strict";
import { loadConfig } from "../config/mod.ts";
import { defaultConfig, installation, type Part, places } from "./plan.ts";

async function config(text = defaultConfig) {
  const loaded = await loadConfig({ file: "/etc/islet/config.yaml", readFile: () => Promise.resolve(text) });
  deepEqual(loaded.errors ?? loaded.warnings, []);
  return loaded.config!;
}

const paths = (parts: Part[]) => parts.map(({ path }) => path);
const text = (parts: Part[], path: string) =>
  parts.find((part) => part.path === path && part.type === "file") as {
    text: string;
  };

Deno.test("the default configuration is one without errors or warnings, and lets pods end at shutdown", async () => {
  const { staticPodPath, shutdown } = await config();
  equal(staticPodPath, places.manifests);
  deepEqual(shutdown, { totalSeconds: 30, criticalSeconds: 10 });
});

Deno.test("installation() with a containerd of islet's own has a unit for it, of this node's configuration", async () => {
  const parts = installation(await config());
  const unit = text(parts, "/etc/systemd/system/islet-containerd.service");
  match(unit.text, /^ExecStart=containerd --config \/var\/lib\/islet\/containerd\/config\.toml$/m);
  match(unit.text, /^EnvironmentFile=-\/run\/islet\/containerd\.env$/m);
  ok(paths(parts).includes("/var/lib/islet/containerd"));
  match(text(parts, "/etc/systemd/system/islet.service").text, /^After=.* islet-containerd\.service$/m);
});

Deno.test("installation() beside a runtime of the user's ends before that, and has no containerd", async () => {
  const parts = installation(await config(`${defaultConfig}containerRuntimeEndpoint: unix:///run/crio/crio.sock\n`));
  ok(!paths(parts).some((path) => path.includes("islet-containerd")));
  match(text(parts, "/etc/systemd/system/islet.service").text, /^After=.* containerd\.service crio\.service$/m);
});

Deno.test("installation() makes the manifest directory that the configuration names", async () => {
  const parts = installation(await config(defaultConfig.replace(places.manifests, "/srv/pods")));
  ok(paths(parts).includes("/srv/pods"));
  ok(!paths(parts).includes(places.manifests));
});
