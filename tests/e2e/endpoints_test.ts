/** Services of manifests and of the API: their addresses, the endpoints that real pods make, what containers are told. */
import { deepEqual, equal, match, notEqual, ok } from "node:assert/strict";
import { join } from "node:path";
import { nodeFile } from "../support/node_file.ts";
import type { Endpoints, EndpointSlice, Service } from "../../agent/objects/mod.ts";
import { Kubectl } from "../support/kubectl.ts";
import { sleep, type TestNode } from "../support/node.ts";
import { container, idle, manifest, pod } from "../support/pods.ts";
import { onDisk } from "../support/steady.ts";

const { nodeTest } = nodeFile({ flags: ["--service-cidr", "10.97.0.0/24"] });

type Loose = Record<string, unknown>;

const service = (name: string, spec: Loose = {}) => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name },
  spec: { selector: { app: name }, ports: [{ port: 80, targetPort: "http" }], ...spec },
});

/** A pod that is ready while /ready is there. */
const switched = (name: string, app: string, port = 8080, more: Loose = {}) =>
  pod(
    name,
    container("main", `touch /ready; ${idle}`, {
      ports: [{ name: "http", containerPort: port }],
      readinessProbe: { exec: { command: ["test", "-e", "/ready"] }, periodSeconds: 1, failureThreshold: 1 },
      ...more,
    }),
    { terminationGracePeriodSeconds: 20 },
    { labels: { app } },
  );

async function read<T>(node: TestNode, path: string): Promise<T | undefined> {
  const answer = await node.api(path);
  if (answer.status === 404) return void await answer.body?.cancel();
  return await answer.json();
}

const namespaced = "/namespaces/default";
const serviceOf = (node: TestNode, name: string) => read<Service>(node, `/api/v1${namespaced}/services/${name}`);
const endpointsOf = (node: TestNode, name: string) => read<Endpoints>(node, `/api/v1${namespaced}/endpoints/${name}`);

async function slicesOf(node: TestNode, name: string): Promise<EndpointSlice[]> {
  const query = `labelSelector=${encodeURIComponent(`kubernetes.io/service-name=${name}`)}`;
  const path = `/apis/discovery.k8s.io/v1${namespaced}/endpointslices?${query}`;
  return (await read<{ items: EndpointSlice[] }>(node, path))!.items;
}

/** `pod:port state` of all endpoints. */
function shown(slices: EndpointSlice[]): string[] {
  return slices.flatMap(({ endpoints = [], ports = [] }) =>
    endpoints.map(({ targetRef, conditions: { ready, serving, terminating } = {} }) => {
      const state = [ready && "ready", serving && "serving", terminating && "terminating"].filter(Boolean).join();
      return `${targetRef?.name}:${ports[0]?.port} ${state}`;
    })
  ).sort();
}

async function until(node: TestNode, name: string, expected: string[]): Promise<void> {
  let last: string[] = [];
  await node.until(`the endpoints of ${name} are ${expected.join("; ")}`, async () => {
    last = shown(await slicesOf(node, name));
    return JSON.stringify(last) === JSON.stringify(expected);
  }, { tell: () => `--- endpoints: ${last.join("; ")}` });
}

nodeTest(
  "endpoints follow the readiness of real pods, their named ports, and their end",
  [service("web"), switched("web-a", "web"), switched("web-b", "web", 9090), pod("stranger")],
  async (node) => {
    const a = await node.ready("web-a");
    await node.ready("web-b");
    await until(node, "web", ["web-a:8080 ready,serving", "web-b:9090 ready,serving"]);
    const slices = await slicesOf(node, "web");
    equal(slices.length, 2, "one for each port");
    const one = slices.find(({ ports }) => ports![0].port === 8080)!;
    deepEqual(one.endpoints![0].addresses, [a.status!.podIP]);
    equal(one.endpoints![0].nodeName, node.name);
    equal(one.metadata.ownerReferences![0].uid, (await serviceOf(node, "web"))!.metadata.uid);
    equal((await node.exec("web-a", "rm /ready")).code, 0);
    await until(node, "web", ["web-a:8080 ", "web-b:9090 ready,serving"]);
    const notReady = (await endpointsOf(node, "web"))!.subsets!.flatMap(({ notReadyAddresses = [] }) =>
      notReadyAddresses
    );
    deepEqual(notReady.map(({ targetRef }) => targetRef!.name), ["web-a"]);
    equal((await node.exec("web-a", "touch /ready")).code, 0);
    await until(node, "web", ["web-a:8080 ready,serving", "web-b:9090 ready,serving"]);
  },
);

nodeTest(
  "a pod that ends is terminating and still serving while it ends",
  [
    service("slow"),
    switched("slow", "slow", 8080, { lifecycle: { preStop: { exec: { command: ["sh", "-c", "sleep 4"] } } } }),
  ],
  async (node) => {
    await node.ready("slow");
    await until(node, "slow", ["slow:8080 ready,serving"]);
    node.write("slow.yaml", manifest(service("slow")));
    await until(node, "slow", ["slow:8080 serving,terminating"]);
    equal((await endpointsOf(node, "slow"))!.subsets, undefined);
    await node.gone("slow");
    await until(node, "slow", []);
    equal((await slicesOf(node, "slow")).length, 1, "an empty slice says that there is nobody");
  },
);

nodeTest(
  "after a restart and after kill -9 the endpoints are there with the first answer, as they were",
  [service("steady", { clusterIP: "None" }), switched("steady", "steady")],
  async (node) => {
    await onDisk(node, "steady");
    await until(node, "steady", ["steady:8080 ready,serving"]);
    const shape = (slices: EndpointSlice[]) =>
      slices.map(({ metadata: { name, labels }, endpoints, ports }) => ({ name, labels, endpoints, ports }));
    const before = shape(await slicesOf(node, "steady"));
    const uid = (await serviceOf(node, "steady"))!.metadata.uid;
    for (const end of [() => node.terminate(), () => node.kill9()]) {
      await end();
      node.launchIslet();
      let answers = 0;
      for (let healthy = false; !healthy || answers < 20;) {
        const slices = await slicesOf(node, "steady").catch(() => undefined);
        if (slices) {
          answers++;
          deepEqual(shape(slices), before, node.logTail());
        }
        healthy ||= (await node.api("/healthz").catch(() => undefined))?.ok ?? false;
        await sleep(20);
      }
      equal((await serviceOf(node, "steady"))!.metadata.uid, uid);
    }
  },
);

nodeTest(
  "what somebody changes of a Service's endpoints is put right, hand-written ones are left alone and mirrored",
  [
    service("kept"),
    switched("kept", "kept"),
    service("outside", { selector: undefined, ports: [{ port: 5432 }] }),
    {
      apiVersion: "v1",
      kind: "Endpoints",
      metadata: { name: "outside" },
      subsets: [{ addresses: [{ ip: "198.51.100.7" }], ports: [{ port: 5432 }] }],
    },
    {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: { name: "by-hand", labels: { "kubernetes.io/service-name": "kept" } },
      addressType: "IPv4",
      endpoints: [{ addresses: ["198.51.100.9"], conditions: { ready: true } }],
      ports: [{ port: 80 }],
    },
  ],
  async (node) => {
    await node.ready("kept");
    const both = ["kept:8080 ready,serving", "undefined:80 ready"];
    await until(node, "kept", both);
    const own = (await slicesOf(node, "kept")).find(({ metadata }) => metadata.name !== "by-hand")!;
    const path = `/apis/discovery.k8s.io/v1${namespaced}/endpointslices/${own.metadata.name}`;
    equal((await node.api(path, { method: "DELETE" })).status, 200);
    await until(node, "kept", both);
    const emptied = await node.api(`/api/v1${namespaced}/endpoints/kept`, {
      method: "PATCH",
      headers: { "content-type": "application/merge-patch+json" },
      body: JSON.stringify({ subsets: [] }),
    });
    equal(emptied.status, 200);
    await node.until(
      "the Endpoints are put right",
      async () => (await endpointsOf(node, "kept"))!.subsets?.length === 1,
    );
    const [mirrored] = await slicesOf(node, "outside");
    deepEqual(mirrored.endpoints!.map(({ addresses }) => addresses), [["198.51.100.7"]]);
    match(mirrored.metadata.labels!["endpointslice.kubernetes.io/managed-by"], /^endpointslicemirroring-controller/);
    const byHand = await read(node, `/apis/discovery.k8s.io/v1${namespaced}/endpointslices/by-hand`);
    ok(byHand);
  },
);

nodeTest(
  "kubectl shows endpoints and slices, watches them change, and deletes them with their Service",
  switched("shown", "shown"),
  async (node) => {
    const { podIP } = (await node.ready("shown")).status!;
    const { program, args } = node.namespaces.command([]);
    const kubectl = await Kubectl.get("1.36", {
      kubeconfig: join(node.rootDir, "admin.kubeconfig"),
      prefix: [program, ...args],
    });
    const done = async (...words: string[]) => {
      const { code, stdout, stderr } = await kubectl.run(...words);
      equal(code, 0, `kubectl ${words.join(" ")}: ${stderr}${node.logTail()}`);
      return stdout;
    };
    await done("expose", "pod", "shown", "--port=80", "--target-port=http");
    await until(node, "shown", ["shown:8080 ready,serving"]);
    match(await done("get", "endpoints", "shown"), new RegExp(`^shown +${podIP}:8080 `, "m"));
    const slices = await done("get", "endpointslices", "-l", "kubernetes.io/service-name=shown");
    match(slices, new RegExp(`^shown-[a-z0-9]{5} +IPv4 +8080 +${podIP} `, "m"));
    const watching = kubectl.spawn(["get", "endpointslices", "-w", "-o", "name"], { stdin: "null", stderr: "null" });
    const told = watching.stdout.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    /** Reads until the slice has been named so many times: once as it is, and again with each change. */
    const named = async (times: number) => {
      while (text.split("endpointslice.discovery.k8s.io/shown-").length <= times) {
        const { value, done } = await told.read();
        ok(!done, `kubectl ended with: ${text}`);
        text += value;
      }
    };
    await named(1);
    await done("delete", "service", "shown");
    await node.until("nothing is left of it", async () => (await slicesOf(node, "shown")).length === 0);
    equal(await endpointsOf(node, "shown"), undefined);
    await named(2);
    watching.kill("SIGTERM");
    await told.cancel();
    await watching.status;
  },
);

nodeTest(
  "Services of manifests get addresses and node ports, keep them over edits and restarts, and never share them",
  [
    service("first", { type: "NodePort" }),
    service("second", { type: "NodePort" }),
    service("named", { clusterIP: "10.97.0.33" }),
    service("balanced", { type: "LoadBalancer", externalTrafficPolicy: "Local" }),
  ],
  async (node) => {
    const given = async (name: string) => {
      const { clusterIP, ports, healthCheckNodePort } = (await serviceOf(node, name))!.spec;
      return { clusterIP, nodePort: ports![0].nodePort, healthCheckNodePort };
    };
    const first = await given("first"), second = await given("second"), balanced = await given("balanced");
    for (const { clusterIP, nodePort } of [first, second, balanced]) {
      match(clusterIP!, /^10\.97\.0\.\d+$/);
      ok(nodePort! >= 30_000 && nodePort! <= 32_767);
    }
    equal(new Set([first, second, balanced].flatMap(({ clusterIP, nodePort }) => [clusterIP, nodePort])).size, 6);
    ok(balanced.healthCheckNodePort! >= 30_000);
    equal((await given("named")).clusterIP, "10.97.0.33");
    const balancer = await node.until(
      "the node is the load balancer",
      async () => (await serviceOf(node, "balanced"))!.status?.loadBalancer?.ingress,
    );
    deepEqual(balancer.map(({ ip }) => ip), ["192.0.2.1"]);
    node.write("edited.yaml", manifest(service("edited")));
    await node.until("edited is there", () => serviceOf(node, "edited"));
    const before = await given("edited");
    node.write("edited.yaml", manifest(service("edited", { sessionAffinity: "ClientIP" })));
    await node.until(
      "the edit is seen",
      async () => (await serviceOf(node, "edited"))!.spec.sessionAffinity === "ClientIP",
    );
    deepEqual(await given("edited"), before);
    await node.restart();
    deepEqual(await Promise.all(["first", "second", "balanced", "edited"].map(given)), [
      first,
      second,
      balanced,
      before,
    ]);
  },
);

nodeTest(
  "a Service that asks for an address of another is told of in its file, and the others work",
  service("holder", { clusterIP: "10.97.0.40" }),
  async (node) => {
    node.write("conflict.yaml", manifest([service("late", { clusterIP: "10.97.0.40" }), service("fine")]));
    const fine = await node.until("the other one is there", () => serviceOf(node, "fine"));
    notEqual(fine.spec.clusterIP, "10.97.0.40");
    await node.until("the problem is told", async () => {
      const { problems } = (await read<{ problems: { file: string; text: string }[] }>(
        node,
        "/islet/v1/manifests/problems",
      ))!;
      return problems.some(({ file, text }) =>
        file.endsWith("/conflict.yaml") &&
        /Service default\/late.*10\.97\.0\.40: provided IP is already allocated/.test(text)
      );
    });
    node.remove("holder.yaml");
    await node.until(
      "it gets the address when that is free",
      async () => (await serviceOf(node, "late"))?.spec.clusterIP === "10.97.0.40",
      { timeoutMs: 60_000 },
    );
    node.remove("conflict.yaml");
    await node.until("they are gone", async () => !(await serviceOf(node, "late")));
  },
);

nodeTest(
  "containers are told of the Services of their namespace and of the API, or of the API alone",
  [
    service("my-db", { ports: [{ name: "sql", port: 5432 }, { name: "stats", port: 8125, protocol: "UDP" }] }),
    pod(
      "told",
      container("main", idle, { env: [{ name: "DB", value: "$(MY_DB_SERVICE_HOST):$(MY_DB_SERVICE_PORT)" }] }),
    ),
    pod("untold", idle, { enableServiceLinks: false }),
  ],
  async (node) => {
    const { clusterIP } = (await serviceOf(node, "my-db"))!.spec;
    const env = async (name: string) => {
      await node.ready(name);
      return Object.fromEntries((await node.output(name, ["env"])).split("\n").map((line) => line.split(/=(.*)/s, 2)));
    };
    const told = await env("told"), untold = await env("untold");
    deepEqual([told.MY_DB_SERVICE_HOST, told.MY_DB_SERVICE_PORT, told.MY_DB_SERVICE_PORT_STATS, told.MY_DB_PORT], [
      clusterIP,
      "5432",
      "8125",
      `tcp://${clusterIP}:5432`,
    ]);
    equal(told.MY_DB_PORT_8125_UDP, `udp://${clusterIP}:8125`);
    equal(told.DB, `${clusterIP}:5432`);
    equal(untold.MY_DB_SERVICE_HOST, undefined);
    for (const { KUBERNETES_SERVICE_HOST, KUBERNETES_SERVICE_PORT } of [told, untold]) {
      deepEqual([KUBERNETES_SERVICE_HOST, KUBERNETES_SERVICE_PORT], ["10.97.0.1", "443"]);
    }
  },
);

nodeTest(
  "a namespace that ends takes its Services and their endpoints along",
  [],
  async (node) => {
    const post = async (path: string, object: Loose) => {
      const answer = await node.api(path, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(object),
      });
      equal(answer.status, 201, await answer.text());
    };
    await post("/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name: "short" } });
    await post("/api/v1/namespaces/short/services", service("web", { type: "NodePort" }));
    const slices = "/apis/discovery.k8s.io/v1/namespaces/short/endpointslices";
    await node.until(
      "it has a slice",
      async () => (await read<{ items: unknown[] }>(node, slices))!.items.length === 1,
    );
    equal((await node.api("/api/v1/namespaces/short", { method: "DELETE" })).status, 200);
    await node.until("it is gone", async () => !(await read(node, "/api/v1/namespaces/short")));
    for (const path of [slices, "/api/v1/namespaces/short/endpoints"]) {
      deepEqual((await read<{ items: unknown[] }>(node, path))!.items, []);
    }
  },
);
