import { deepEqual, equal, match } from "node:assert/strict";
import { conntrackSysctls, setConntrack } from "./conntrack_sysctls.ts";

const nothing = { tcpEstablishedSeconds: 0, tcpCloseWaitSeconds: 0, udpSeconds: 0, udpStreamSeconds: 0 };

Deno.test("conntrackSysctls() sets what was asked for and leaves the rest to the kernel", () => {
  deepEqual(conntrackSysctls(nothing), []);
  deepEqual(conntrackSysctls({ ...nothing, max: 131072, udpStreamSeconds: 30, tcpBeLiberal: true }), [
    ["nf_conntrack_max", "131072"],
    ["nf_conntrack_udp_timeout_stream", "30"],
    ["nf_conntrack_tcp_be_liberal", "1"],
  ]);
});

Deno.test("setConntrack() writes, and tells what it cannot", async () => {
  const dir = await Deno.makeTempDir();
  try {
    Deno.writeTextFileSync(`${dir}/nf_conntrack_max`, "65536\n");
    const problems = setConntrack({ ...nothing, max: 1000, udpSeconds: 5 }, dir);
    equal(Deno.readTextFileSync(`${dir}/nf_conntrack_max`), "1000");
    equal(problems.length, 1);
    match(problems[0], /^Cannot set net\.netfilter\.nf_conntrack_udp_timeout to 5: /);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
