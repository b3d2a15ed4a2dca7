import { equal } from "node:assert/strict";
import { versionIn } from "./machine.ts";

const said: [string, string][] = [
  ["ip utility, iproute2-6.1.0, libbpf 1.1.2", "6.1.0"],
  ["ip utility, iproute2-ss200602", ""],
  ["containerd github.com/containerd/containerd 1.6.20~ds1 1.6.20~ds1-1+deb12u3", "1.6.20"],
  ["runc version 1.1.5+ds1", "1.1.5"],
  ["iptables v1.8.9 (nf_tables)", "1.8.9"],
  ["nftables v1.0.6 (Lester Gooch #5)", "1.0.6"],
  ["systemd 252 (252.38-1~deb12u1)", "252"],
  ["mount from util-linux 2.38.1 (libmount 2.38.1: selinux)", "2.38.1"],
  ["usage: x", ""],
];
for (const [text, version] of said) {
  Deno.test(`versionIn(): ${text}`, () => equal(versionIn(text), version));
}
