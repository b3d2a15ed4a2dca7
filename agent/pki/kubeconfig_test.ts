import { deepEqual, equal } from "node:assert/strict";
import { parse } from "yaml";
import { kubeconfig, serverUrl } from "./kubeconfig.ts";

Deno.test("kubeconfig() is YAML that says where, whom to trust and who asks", () => {
  const base = { server: "https://127.0.0.1:6550", caCertificate: "PEM\n" };
  const withToken = parse(kubeconfig({ ...base, user: "jane: #1", credential: { token: "t: 'x\"" } }));
  deepEqual(withToken.clusters[0].cluster, { server: base.server, "certificate-authority-data": btoa("PEM\n") });
  deepEqual(withToken.users, [{ name: "jane: #1", user: { token: "t: 'x\"" } }]);
  deepEqual(withToken.contexts[0].context, { cluster: "islet", user: "jane: #1" });
  equal(withToken["current-context"], withToken.contexts[0].name);
  const withCertificate = parse(kubeconfig({ ...base, user: "a", credential: { certificate: "C", key: "K" } }));
  deepEqual(withCertificate.users[0].user, { "client-certificate-data": btoa("C"), "client-key-data": btoa("K") });
});

Deno.test("serverUrl() is one that works on this machine", () => {
  equal(serverUrl("127.0.0.1", 6550), "https://127.0.0.1:6550");
  equal(serverUrl("0.0.0.0", 1), "https://127.0.0.1:1");
  equal(serverUrl("::", 1), "https://[::1]:1");
  equal(serverUrl("2001:db8::1", 1), "https://[2001:db8::1]:1");
});
