import { match, ok } from "node:assert/strict";
import { containerdUnit, isletUnit } from "./units.ts";

Deno.test("isletUnit() reports to systemd, is watched, and leaves pods alone when it ends", () => {
  const unit = isletUnit({ program: "/usr/local/bin/islet", config: "/etc/islet/config.yaml", runtime: ["c.service"] });
  for (
    const line of [
      "Type=notify",
      "ExecStart=/usr/local/bin/islet run --config /etc/islet/config.yaml",
      "WatchdogSec=30",
      "Restart=always",
      "OOMScoreAdjust=-999",
      "WantedBy=multi-user.target",
    ]
  ) ok(unit.split("\n").includes(line), line);
  match(unit, /^After=.* c\.service$/m);
  // volumes that it mounts must be seen by others
  ok(!/^(?:Protect(?:System|Home|KernelTunables|KernelLogs|ControlGroups)|Private\w+|ReadOnlyPaths)=/m.test(unit));
});

Deno.test("containerdUnit() leaves containers and shims alone when it ends", () => {
  const unit = containerdUnit({ config: "/c.toml", log: "/c.log", environment: "/run/c.env" });
  for (const line of ["KillMode=process", "Delegate=yes", "ExecStart=containerd --config /c.toml"]) {
    ok(unit.split("\n").includes(line), line);
  }
});
