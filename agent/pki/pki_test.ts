import { deepEqual, equal, match, notEqual, ok } from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { readCertificate } from "./certificate.ts";
import { type ServingNames } from "./names.ts";
import { Pki, type PkiOptions } from "./pki.ts";
import { inDirectory, listeningLogger } from "./testing.ts";

const day = 24 * 3600 * 1000;
const start = Date.UTC(2026, 5, 1);
const names: ServingNames = { dnsNames: ["localhost", "edge-1"], addresses: ["127.0.0.1", "::1"] };

function options(rootDir: string, more: Partial<PkiOptions> & { now?: number } = {}) {
  const { log, lines } = listeningLogger();
  const clock = { wall: more.now ?? start, now: () => clock.wall };
  const all: PkiOptions = {
    rootDir,
    clusterDomain: "cluster.local",
    names: () => names,
    server: "https://127.0.0.1:6550",
    lastKnownTime: 0,
    clock,
    log,
    ...more,
  };
  return { all, lines, clock };
}

const files = (dir: string) =>
  Object.fromEntries(
    [
      "pki/ca.key",
      "pki/ca.crt",
      "pki/serving.pem",
      "pki/admin.pem",
      "pki/admin.token",
      "pki/sa.key",
      "admin.kubeconfig",
      "admin-cert.kubeconfig",
    ]
      .map((name) => [name, Deno.readTextFileSync(`${dir}/${name}`)]),
  );

Deno.test("the first start makes everything, for root alone; the next changes nothing", () =>
  inDirectory(async (dir) => {
    await Pki.open(options(dir).all);
    const made = files(dir);
    equal(Deno.statSync(`${dir}/pki`).mode! & 0o777, 0o700);
    for (const name of Object.keys(made)) equal(Deno.statSync(`${dir}/${name}`).mode! & 0o777, 0o600, name);
    const { all, lines } = options(dir, { now: start + 30 * day });
    await Pki.open(all);
    deepEqual(files(dir), made);
    deepEqual(lines, []);
    deepEqual([...Deno.readDirSync(`${dir}/pki`)].map(({ name }) => name).filter((name) => name.startsWith(".")), []);
  }));

Deno.test("a file that others may read is closed to them", () =>
  inDirectory(async (dir) => {
    await Pki.open(options(dir).all);
    Deno.chmodSync(`${dir}/pki`, 0o755);
    Deno.chmodSync(`${dir}/pki/ca.key`, 0o644);
    Deno.chmodSync(`${dir}/admin.kubeconfig`, 0o644);
    await Pki.open(options(dir).all);
    for (const [name, mode] of [["pki", 0o700], ["pki/ca.key", 0o600], ["admin.kubeconfig", 0o600]] as const) {
      equal(Deno.statSync(`${dir}/${name}`).mode! & 0o777, mode, name);
    }
  }));

Deno.test("certificates begin in 1970; the authority's does not end, the others do after a year", () =>
  inDirectory(async (dir) => {
    const pki = await Pki.open(options(dir).all);
    const ca = new X509Certificate(pki.caCertificate);
    equal(Date.parse(ca.validFrom), 0);
    match(ca.validTo, /9999/);
    equal(ca.ca, true);
    const serving = new X509Certificate(pki.serving.certificate);
    equal(Date.parse(serving.validFrom), 0);
    equal(Date.parse(serving.validTo), start + 365 * day);
    equal(serving.ca, false);
    ok(serving.verify(ca.publicKey));
    const read = readCertificate(pki.serving.certificate);
    deepEqual([read.dnsNames, read.addresses], [names.dnsNames, names.addresses]);
    const admin = readCertificate(Deno.readTextFileSync(`${dir}/pki/admin.pem`));
    deepEqual([admin.commonName, admin.organizations], ["system:admin", ["system:masters"]]);
  }));

for (
  const [what, now, lastKnownTime, from] of [
    ["stands at 1970", 0, 0, Date.UTC(2026, 0, 1)],
    ["stands at 1970, after a life that knew better", 0, Date.UTC(2031, 2, 3), Date.UTC(2031, 2, 3)],
    ["is right", start, Date.UTC(2020, 0, 1), start],
  ] as const
) {
  Deno.test(`a certificate made while the clock ${what} holds for a year from the latest time that is known`, () =>
    inDirectory(async (dir) => {
      const pki = await Pki.open(options(dir, { now, lastKnownTime }).all);
      equal(pki.serving.notAfter, from + 365 * day);
    }));
}

Deno.test("a certificate is replaced when a third of its life is left, under the same authority", () =>
  inDirectory(async (dir) => {
    const { all, clock } = options(dir);
    const pki = await Pki.open(all);
    const [ca, before, admin] = [pki.caCertificate, pki.serving.certificate, pki.tokens.admin];
    const kubeconfig = Deno.readTextFileSync(`${dir}/admin-cert.kubeconfig`);
    clock.wall = start + 243 * day;
    equal(pki.isDue, false);
    equal(await pki.renew(), false);
    clock.wall = start + 244 * day;
    equal(pki.isDue, true);
    equal(await pki.renew(), true);
    equal(pki.isDue, false);
    notEqual(pki.serving.certificate, before);
    equal(pki.serving.notAfter, clock.wall + 365 * day);
    equal(pki.caCertificate, ca);
    equal(pki.tokens.admin, admin);
    notEqual(Deno.readTextFileSync(`${dir}/admin-cert.kubeconfig`), kubeconfig);
  }));

Deno.test("a clock that is set makes no certificate useless", () =>
  inDirectory(async (dir) => {
    const { all, clock } = options(dir);
    const pki = await Pki.open(all);
    const before = pki.serving.certificate;
    clock.wall = 0;
    equal(pki.isDue, false);
    clock.wall = start + 3650 * day;
    equal(pki.isDue, true);
    await pki.renew();
    notEqual(pki.serving.certificate, before);
    const far = pki.serving.certificate;
    clock.wall = start;
    equal(pki.isDue, false, "what holds for longer than it should holds now as well");
    equal(pki.serving.certificate, far);
  }));

Deno.test("a change of names or addresses makes another serving certificate, and nothing else", () =>
  inDirectory(async (dir) => {
    let current = names;
    const { all } = options(dir, { names: () => current });
    const pki = await Pki.open(all);
    const before = files(dir);
    current = { ...names, addresses: ["::1", "127.0.0.1"] };
    equal(pki.isDue, false, "their order is no change");
    current = { ...names, addresses: [...names.addresses, "192.0.2.7"] };
    equal(pki.isDue, true);
    equal(await pki.renew(), true);
    deepEqual(readCertificate(pki.serving.certificate).addresses, current.addresses);
    const after = files(dir);
    deepEqual(Object.keys(after).filter((name) => after[name] !== before[name]), ["pki/serving.pem"]);
  }));

const damages: { file: string; text: string | undefined; said: RegExp | undefined; changed: string[] }[] = [
  {
    file: "pki/ca.crt",
    text: undefined,
    said: undefined,
    changed: ["pki/ca.crt", "admin.kubeconfig", "admin-cert.kubeconfig"],
  },
  {
    file: "pki/ca.crt",
    text: "junk",
    said: /certificate of the certificate authority is damaged/,
    changed: ["pki/ca.crt", "admin.kubeconfig", "admin-cert.kubeconfig"],
  },
  {
    file: "pki/serving.pem",
    text: "junk",
    said: /serving certificate is replaced .*damaged/,
    changed: ["pki/serving.pem"],
  },
  { file: "pki/serving.pem", text: "", said: /serving certificate is replaced/, changed: ["pki/serving.pem"] },
  {
    file: "pki/admin.pem",
    text: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    said: /administrator's certificate is replaced/,
    changed: ["pki/admin.pem", "admin-cert.kubeconfig"],
  },
  { file: "pki/sa.key", text: "junk", said: /key of ServiceAccount tokens is damaged/, changed: ["pki/sa.key"] },
  {
    file: "pki/admin.token",
    text: "short",
    said: /administrator's token is damaged/,
    changed: ["pki/admin.token", "admin.kubeconfig"],
  },
  { file: "admin.kubeconfig", text: "junk", said: /kubeconfig is written anew/, changed: [] },
  { file: "admin-cert.kubeconfig", text: undefined, said: undefined, changed: [] },
];

for (const { file, text, said, changed } of damages) {
  Deno.test(`${file} that is ${text === undefined ? "gone" : `no more than ${JSON.stringify(text.slice(0, 20))}`} is mended`, () =>
    inDirectory(async (dir) => {
      const first = await Pki.open(options(dir).all);
      const before = files(dir);
      if (text === undefined) Deno.removeSync(`${dir}/${file}`);
      else Deno.writeTextFileSync(`${dir}/${file}`, text);
      const { all, lines } = options(dir);
      const second = await Pki.open(all);
      const after = files(dir);
      deepEqual(Object.keys(after).filter((name) => after[name] !== before[name]), changed);
      if (said) match(lines.join("\n"), said);
      // what was signed before is still good, whatever was lost but the key
      ok(new X509Certificate(first.serving.certificate).verify(new X509Certificate(second.caCertificate).publicKey));
      equal(Deno.statSync(`${dir}/${file}`).mode! & 0o777, 0o600);
    }));
}

Deno.test("an authority whose key is damaged is made anew with all that it had signed, loudly", () =>
  inDirectory(async (dir) => {
    const first = await Pki.open(options(dir).all);
    Deno.writeTextFileSync(`${dir}/pki/ca.key`, "junk");
    const { all, lines } = options(dir);
    const second = await Pki.open(all);
    match(lines.join("\n"), /key of the certificate authority is damaged/);
    notEqual(second.caCertificate, first.caCertificate);
    const ca = new X509Certificate(second.caCertificate);
    ok(new X509Certificate(second.serving.certificate).verify(ca.publicKey));
    ok(!new X509Certificate(first.serving.certificate).verify(ca.publicKey));
    equal(Deno.readTextFileSync(`${dir}/pki/ca.key.damaged`), "junk");
    equal(second.tokens.admin, first.tokens.admin);
  }));

Deno.test("the log never holds a key", () =>
  inDirectory(async (dir) => {
    const { all, lines } = options(dir);
    const pki = await Pki.open(all);
    Deno.writeTextFileSync(`${dir}/pki/serving.pem`, "junk");
    await Pki.open({ ...all });
    const told = lines.join("\n");
    ok(told.length > 0);
    ok(!told.includes(pki.tokens.admin));
    ok(!told.includes("PRIVATE"));
    ok(!/[A-Za-z0-9+/_-]{40}/.test(told.replaceAll(dir, "")), "nothing that long is a word");
  }));
