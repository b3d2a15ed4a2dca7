import { deepEqual, equal } from "node:assert/strict";
import { bridgeIn, bridgeOf, filterBridges, missingBridgeSettings } from "./bridge.ts";

const cases: [string, string, ReturnType<typeof bridgeIn>][] = [
  ["a list with a bridge", '{"plugins":[{"type":"bridge","hairpinMode":true},{"type":"portmap"}]}', { hairpin: true }],
  ["a single plugin", '{"type":"bridge"}', { hairpin: false }],
  ["routed links", '{"plugins":[{"type":"ptp"}]}', undefined],
  ["what is no configuration", "{", undefined],
  ["what is nothing", "null", undefined],
];
for (const [what, text, expected] of cases) {
  Deno.test(`bridgeIn() understands ${what}`, () => deepEqual(bridgeIn(text), expected));
}

Deno.test("the first file of a directory is the runtime's network", async () => {
  const dir = await Deno.makeTempDir();
  try {
    Deno.writeTextFileSync(`${dir}/10-a.conf`, '{"type":"bridge"}');
    deepEqual(bridgeOf(dir, ["10-a.conf", "20-b.conf"]), { file: `${dir}/10-a.conf`, hairpin: false });
    equal(bridgeOf(dir, ["05-missing.conf", "10-a.conf"]), undefined);
    equal(bridgeOf(dir, []), undefined);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("filterBridges() sets what is missing, once, and says so", async () => {
  const dir = await Deno.makeTempDir();
  try {
    Deno.writeTextFileSync(`${dir}/bridge-nf-call-iptables`, "0\n");
    Deno.writeTextFileSync(`${dir}/bridge-nf-call-ip6tables`, "1\n");
    deepEqual(missingBridgeSettings(dir), ["bridge-nf-call-iptables"]);
    deepEqual(await filterBridges(dir), ["sysctl net.bridge.bridge-nf-call-iptables=1"]);
    deepEqual(missingBridgeSettings(dir), []);
    deepEqual(await filterBridges(dir), []);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
