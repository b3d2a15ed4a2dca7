import assert from "node:assert/strict";
import { containerdPaths } from "./paths.ts";
import { containerdUnit } from "../../../systemd/units.ts";
import { environmentText, installedFor, unitArguments, unitName } from "./systemd.ts";

Deno.test("unitArguments() start containerd in a unit whose end leaves the containers alone", () => {
  const args = unitArguments({
    unit: "islet-containerd.service",
    args: ["--config", "/etc/c.toml"],
    env: { PATH: "/bin", HTTPS_PROXY: "http://p" },
    log: "/var/log/c.log",
    lowerOom: true,
  });
  assert.deepEqual(args.slice(-3), ["containerd", "--config", "/etc/c.toml"]);
  for (
    const wanted of [
      "--unit=islet-containerd.service",
      "--collect",
      "--property=KillMode=process",
      "--property=Delegate=yes",
      "--property=OOMScoreAdjust=-999",
      "--property=StandardError=append:/var/log/c.log",
      "--setenv=HTTPS_PROXY=http://p",
    ]
  ) assert.ok(args.includes(wanted), wanted);
});

Deno.test("unitArguments() lower no oom_score_adj where the machine forbids it", () => {
  const args = unitArguments({ unit: "u", args: [], env: {}, log: "/l", lowerOom: false });
  assert.ok(!args.some((arg) => arg.includes("OOMScoreAdjust")));
});

Deno.test("unitName() is the plain one for the machine's node and another for each further node", () => {
  assert.equal(unitName(containerdPaths("/var/lib/islet")), "islet-containerd.service");
  const other = unitName(containerdPaths("/tmp/other"));
  assert.match(other, /^islet-containerd-[0-9a-f]{8}\.service$/);
  assert.notEqual(other, unitName(containerdPaths("/tmp/another")));
});

Deno.test("installedFor() takes the unit that was installed for this node, and unitName() another beside it", async () => {
  const unit = await Deno.makeTempFile();
  const paths = containerdPaths("/var/lib/islet");
  await Deno.writeTextFile(unit, containerdUnit({ config: paths.config, log: "/l", environment: "/e" }));
  assert.equal(installedFor(paths, unit), true);
  assert.equal(installedFor(containerdPaths("/srv/islet"), unit), false);
  assert.match(unitName(paths, unit), /^islet-containerd-[0-9a-f]{8}\.service$/);
  await Deno.remove(unit);
  assert.equal(installedFor(paths, unit), false);
});

Deno.test("environmentText() quotes as systemd reads it", () => {
  assert.equal(
    environmentText({ PATH: "/bin", NO_PROXY: 'a "b" $c\\' }),
    'PATH="/bin"\nNO_PROXY="a \\"b\\" \\$c\\\\"\n',
  );
});
