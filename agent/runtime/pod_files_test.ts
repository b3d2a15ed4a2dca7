import assert from "node:assert/strict";
import { box, podOf, testUid } from "../resources/testing.ts";
import { hostsMount, podDirectory, podLogDirectory, terminationLogMount } from "./pod_files.ts";

const dir = podDirectory("/var/lib/islet", "u1");

Deno.test("podLogDirectory() names namespace, name and UID", () => {
  const path = podLogDirectory(podOf([box("a")]), "/var/log/pods");
  assert.equal(path, `/var/log/pods/shop_web_${testUid}`);
});

Deno.test("hostsMount() mounts the pod's /etc/hosts unless the container mounts one", () => {
  const expected = { hostPath: "/var/lib/islet/pods/u1/etc-hosts", containerPath: "/etc/hosts", selinuxRelabel: true };
  assert.deepEqual(hostsMount(box("a"), dir), expected);
  const mounting = (mountPath: string) => ({ volumeMounts: [{ name: "v", mountPath }] });
  assert.deepEqual(hostsMount(mounting("/etc/hosts.d"), dir), expected);
  assert.equal(hostsMount(mounting("/etc/hosts"), dir), undefined);
  assert.equal(hostsMount(mounting("/etc/./hosts/"), dir), undefined);
});

Deno.test("terminationLogMount() mounts a file for each attempt where the container wants one", () => {
  assert.deepEqual(terminationLogMount({ name: "web", terminationMessagePath: "/dev/termination-log" }, dir, 2), {
    hostPath: "/var/lib/islet/pods/u1/containers/web/2",
    containerPath: "/dev/termination-log",
    selinuxRelabel: true,
  });
  assert.equal(terminationLogMount({ name: "web", terminationMessagePath: "" }, dir, 2), undefined);
});
