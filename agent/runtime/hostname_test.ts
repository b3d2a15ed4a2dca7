import assert from "node:assert/strict";
import { box, podOf } from "../resources/testing.ts";
import { SandboxConfigError } from "./errors.ts";
import { kernelHostname, podHostname } from "./hostname.ts";

const domain = "cluster.local";
const long = "a".repeat(62) + "-" + "b".repeat(10);

const cases: [string, Parameters<typeof podOf>[1], string, { hostname: string; domain: string }, string][] = [
  ["is the pod's name", {}, "web", { hostname: "web", domain: "" }, "web"],
  ["is spec.hostname where there is one", { hostname: "other" }, "web", { hostname: "other", domain: "" }, "other"],
  ["is cut to 63 characters", {}, "a".repeat(70), { hostname: "a".repeat(63), domain: "" }, "a".repeat(63)],
  ["does not end in a dash after cutting", {}, long, { hostname: "a".repeat(62), domain: "" }, "a".repeat(62)],
  ["has a domain with a subdomain", { subdomain: "db" }, "web", {
    hostname: "web",
    domain: "db.shop.svc.cluster.local",
  }, "web"],
  [
    "is the whole name with setHostnameAsFQDN",
    { subdomain: "db", setHostnameAsFQDN: true },
    "web",
    { hostname: "web", domain: "db.shop.svc.cluster.local" },
    "web.db.shop.svc.cluster.local",
  ],
  [
    "ignores setHostnameAsFQDN without a subdomain",
    { setHostnameAsFQDN: true },
    "web",
    { hostname: "web", domain: "" },
    "web",
  ],
  [
    "is hostnameOverride before everything else, and then has no domain",
    { hostname: "x", subdomain: "db", hostnameOverride: "box.example.com" },
    "web",
    { hostname: "box.example.com", domain: "" },
    "box.example.com",
  ],
];

for (const [name, spec, podName, expected, kernel] of cases) {
  Deno.test(`podHostname() ${name}`, () => {
    const pod = podOf([box("a")], spec, { name: podName });
    const got = podHostname(pod, domain);
    assert.deepEqual(got, expected);
    assert.equal(kernelHostname(pod, got), kernel);
  });
}

Deno.test("kernelHostname() refuses a whole name of more than 64 characters", () => {
  const pod = podOf([box("a")], { subdomain: "s".repeat(40), setHostnameAsFQDN: true });
  const fqdn = `web.${"s".repeat(40)}.shop.svc.cluster.local`;
  assert.throws(() => kernelHostname(pod, podHostname(pod, domain)), (err) => {
    assert.ok(err instanceof SandboxConfigError);
    assert.equal(
      err.message,
      `failed to construct FQDN from pod hostname and cluster domain, FQDN ${fqdn} is too long ` +
        `(64 characters is the max, ${fqdn.length} characters requested)`,
    );
    return true;
  });
});
