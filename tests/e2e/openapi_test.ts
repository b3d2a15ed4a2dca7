/**
 * What kubectl reads of the API's OpenAPI documents, with three real ones against the API alone: 1.20 validates by version 2
 * in protobuf, the newer ones explain by version 3 and leave validation to the server.
 */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { testNode } from "../../agent/api/testing.ts";
import { allKinds } from "../../agent/objects/mod.ts";
import { Kubectl, kubectlVersions } from "../support/kubectl.ts";

const good = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "good" },
  spec: { containers: [{ name: "web", image: "web:1", resources: { limits: { cpu: 1 } } }] },
};
const bad = {
  ...good,
  metadata: { name: "bad" },
  spec: { containers: [{ name: "web", image: "web:1", imagePullpolicy: "Always" }], nope: 1 },
};

for (const version of kubectlVersions) {
  const old = version === "1.20";

  Deno.test({
    name: `kubectl ${version} explains, validates and applies by the API's OpenAPI documents`,
    sanitizeOps: false,
    fn: async (t) => {
      const node = testNode();
      node.store.put({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default", namespace: "default" } });
      const listen = { port: 0, hostname: "127.0.0.1", onListen: () => {} };
      const server = Deno.serve(listen, (request) => node.app.fetch(request, { door: "socket" }));
      const kubectl = await Kubectl.get(version, { server: `http://127.0.0.1:${server.addr.port}` });
      const output = async (...args: string[]) => {
        const { code, stdout, stderr } = await kubectl.run(...args);
        equal(code, 0, stderr);
        return stdout;
      };

      await t.step("a field is explained in words, with its own fields", async () => {
        const text = await output("explain", "pod.spec.containers.livenessProbe");
        const words = text.replace(/\s+/g, " ");
        match(words, /Asks whether the container still works; when the probe fails failureThreshold times/);
        match(words, /periodSeconds <integer> Seconds between two probes\. Default 10\./);
        match(words, old ? /httpGet <Object> Asks over HTTP/ : /httpGet <HTTPGetAction> Asks over HTTP/);
      });

      await t.step("required fields and allowed words are marked", async () => {
        match(await output("explain", "pod.spec.containers"), /^ +name\s<string> -required-$/m);
        match(await output("explain", "pod.spec"), /^ +containers\s<\[\](Container|Object)> -required-$/m);
        const policy = await output("explain", "pod.spec.restartPolicy");
        if (!old) match(policy, /ENUM:\n +Always\n +Never\n +OnFailure\n/);
        match(await output("explain", "pod", "--recursive"), /^ +failureThreshold\s<integer>$/m);
      });

      await t.step("every resource is explained", async () => {
        const names = (await output("api-resources", "-o", "name")).trim().split("\n");
        ok(names.length > 15, names.join());
        for (const name of names) {
          const [plural, ...group] = name.split(".");
          const info = allKinds.find(({ apiVersion, kind }) =>
            plural.startsWith(kind.toLowerCase().slice(0, -1)) && apiVersion.startsWith(group.join("."))
          );
          ok(info, name);
          match(await output("explain", plural, `--api-version=${info.apiVersion}`), /DESCRIPTION:\n +[A-Z]/);
        }
      });

      await t.step("a wrong object is refused with every wrong field", async () => {
        const { code, stderr } = await kubectl.feed(JSON.stringify(bad), "create", "--validate=true", "-f", "-");
        equal(code, 1);
        if (old) {
          match(
            stderr,
            /ValidationError\(Pod\.spec\.containers\[0\]\): unknown field "imagePullpolicy" in io\.k8s\.api/,
          );
          match(stderr, /ValidationError\(Pod\.spec\): unknown field "nope" in io\.k8s\.api\.core\.v1\.PodSpec/);
        } else {
          match(
            stderr,
            /strict decoding error: unknown field "spec\.containers\[0\]\.imagePullpolicy", unknown field "spec\.nope"/,
          );
        }
      });

      await t.step("a right object passes, and apply finds out how lists merge", async () => {
        const text = JSON.stringify(good);
        for (const dry of ["client", "server"]) {
          const { code, stdout, stderr } = await kubectl.feed(text, "apply", `--dry-run=${dry}`, "-f", "-");
          deepEqual([code, stderr], [0, ""]);
          equal(stdout, `pod/good created (${dry === "server" ? "server " : ""}dry run)\n`);
        }
        const made = await kubectl.feed(text, "apply", "--validate=true", "-f", "-");
        deepEqual([made.code, made.stderr], [0, ""]);
        const changed = structuredClone(good);
        changed.spec.containers[0].image = "web:2";
        const { code, stderr } = await kubectl.feed(JSON.stringify(changed), "apply", "-f", "-");
        deepEqual([code, stderr], [0, ""]);
        equal(await output("get", "pod", "good", "-o", "jsonpath={.spec.containers[*].image}"), "web:2");
      });

      node.closing.abort();
      await server.shutdown();
    },
  });
}
