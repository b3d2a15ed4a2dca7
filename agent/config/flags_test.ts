import assert from "node:assert/strict";
import { parseFlags } from "./flags.ts";
import { nearest } from "../nearest.ts";

const plain = (args: string[]) => {
  const { flags, rest, help, errors } = parseFlags(args);
  return { flags: Object.fromEntries(flags), rest, help, errors };
};

const cases: { name: string; args: string[]; flags?: Record<string, string[]>; rest?: string[]; errors?: string[] }[] =
  [
    {
      name: "a value behind a space or an equals sign",
      args: ["--max-pods", "3", "--root-dir=/x"],
      flags: { "max-pods": ["3"], "root-dir": ["/x"] },
    },
    { name: "a value that holds an equals sign", args: ["--node-labels=a=b"], flags: { "node-labels": ["a=b"] } },
    { name: "an empty value", args: ["--resolv-conf="], flags: { "resolv-conf": [""] } },
    { name: "a negative value", args: ["--pod-max-pids", "-1"], flags: { "pod-max-pids": ["-1"] } },
    {
      name: "a switch, which takes no next argument",
      args: ["--fail-swap-on", "true"],
      flags: { "fail-swap-on": ["true"] },
      rest: ["true"],
    },
    { name: "a switch that is turned off", args: ["--cpu-cfs-quota=false"], flags: { "cpu-cfs-quota": ["false"] } },
    {
      name: "a repeated flag",
      args: ["--cluster-dns", "10.0.0.1", "--cluster-dns=10.0.0.2"],
      flags: { "cluster-dns": ["10.0.0.1", "10.0.0.2"] },
    },
    { name: "-v in its three forms", args: ["-v", "4", "-v=5", "-v6"], flags: { v: ["4", "5", "6"] } },
    {
      name: "what is behind --",
      args: ["--max-pods=3", "--", "--max-pods=4"],
      flags: { "max-pods": ["3"] },
      rest: ["--max-pods=4"],
    },
    {
      name: "an unknown flag, with the nearest one",
      args: ["--max-pod=3"],
      errors: ["unknown flag: --max-pod (did you mean --max-pods?)"],
    },
    {
      name: "an unknown flag's value, which is no argument",
      args: ["--pod-manifest-pth", "/x"],
      errors: ["unknown flag: --pod-manifest-pth (did you mean --pod-manifest-path?)"],
    },
    { name: "an unknown flag that is near to nothing", args: ["--zzzzzzzz"], errors: ["unknown flag: --zzzzzzzz"] },
    { name: "a missing value", args: ["--max-pods"], errors: ["flag needs an argument: --max-pods"] },
    { name: "an unknown short flag", args: ["-x"], errors: ['unknown shorthand flag: "-x"'] },
  ];

for (const { name, args, flags = {}, rest = [], errors = [] } of cases) {
  Deno.test(`parseFlags() understands ${name}`, () =>
    assert.deepEqual(plain(args), { flags, rest, help: false, errors }));
}

Deno.test("parseFlags() notices a call for help", () => {
  assert.equal(parseFlags(["--help"]).help, true);
  assert.equal(parseFlags(["--root-dir", "/x", "-h"]).help, true);
  assert.equal(parseFlags(["--", "-h"]).help, false);
});

const meant: [string, string[], string | undefined][] = [
  ["staticPodPaht", ["staticPodPath", "staticPodURL"], "staticPodPath"],
  ["maxpods", ["podsPerCore", "maxPods"], "maxPods"],
  ["clusterDns", ["clusterDNS", "clusterDomain"], "clusterDNS"],
  ["quux", ["maxPods"], undefined],
  ["cm", ["po", "pod", "pods"], undefined],
  ["pdo", ["po", "pod", "pods"], "po"],
];

for (const [given, names, expected] of meant) {
  Deno.test(`nearest(${given}) is ${expected}`, () => assert.equal(nearest(given, names), expected));
}
