/** Pods made through the API over the node's socket: placed, run, refused and ended as in a cluster. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { WebSocketConnection } from "../../cri/websocket.ts";
import { nodeFile } from "../support/node_file.ts";
import type { TestNode } from "../support/node.ts";
import { ample, condition, container, finished, idle, isReady, type Pod, pod } from "../support/pods.ts";

const { nodeTest } = nodeFile();

const off = { automountServiceAccountToken: false };
const podsPath = "/api/v1/namespaces/default/pods";

interface Answer {
  code: number;
  // deno-lint-ignore no-explicit-any
  body: any;
}

async function call(node: TestNode, method: string, path: string, body?: unknown): Promise<Answer> {
  const answer = await node.api(path, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
  });
  return { code: answer.status, body: await answer.json() };
}

async function make(node: TestNode, object: Pod | Record<string, unknown>): Promise<Answer> {
  return await call(node, "POST", podsPath, object);
}

/** Deletes an object and waits until it is gone. */
async function remove(node: TestNode, path: string): Promise<void> {
  equal((await call(node, "DELETE", path)).code, 200);
  await node.until(`${path} is gone`, async () => (await call(node, "GET", path)).code === 404);
}

async function patch(node: TestNode, path: string, body: unknown): Promise<Answer> {
  const answer = await node.api(path, {
    method: "PATCH",
    body: JSON.stringify(body),
    headers: { "content-type": "application/merge-patch+json" },
  });
  return { code: answer.status, body: await answer.json() };
}

nodeTest("a pod of the API is placed, runs and ends with its grace", {}, async (node) => {
  const made = await make(node, pod("api-run"));
  equal(made.code, 201, JSON.stringify(made.body));
  equal(made.body.status.phase, "Pending");
  equal(made.body.spec.nodeName, undefined);
  equal(made.body.spec.serviceAccountName, "default");
  const running = await node.ready("api-run");
  equal(running.spec.nodeName, node.name);
  equal(condition(running, "PodScheduled")?.status, "True");
  await node.event("api-run", "Scheduled", `Successfully assigned default/api-run to ${node.name}`);
  const gone = await call(node, "DELETE", `${podsPath}/api-run`);
  equal(gone.code, 200);
  ok(gone.body.metadata.deletionTimestamp);
  equal(gone.body.metadata.deletionGracePeriodSeconds, running.spec.terminationGracePeriodSeconds);
  await node.gone("api-run");
  deepEqual((await node.containers()).filter(({ labels }) => labels["io.kubernetes.pod.name"] === "api-run"), []);
});

nodeTest("a pod that the node cannot meet waits, and is told why", {}, async (node) => {
  const object = pod("api-picky", idle, { nodeSelector: { disk: "nvme" } });
  equal((await make(node, object)).code, 201);
  const waiting = await node.podUntil("api-picky", "is told why", (pod) => condition(pod, "PodScheduled"));
  const told = condition(waiting, "PodScheduled");
  equal(told?.reason, "Unschedulable");
  match(told?.message ?? "", /^0\/1 nodes are available: 1 node\(s\) didn't match Pod's node affinity\/selector\. /);
  await node.event("api-picky", "FailedScheduling", "0/1 nodes are available");
  equal((await call(node, "DELETE", `${podsPath}/api-picky`)).code, 200);
  equal((await call(node, "GET", `${podsPath}/api-picky`)).code, 404);
});

nodeTest("a pod of a missing account is refused", {}, async (node) => {
  const { code, body } = await make(node, pod("api-nobody", idle, { serviceAccountName: "nobody" }));
  equal(code, 403);
  equal(
    body.message,
    'pods "api-nobody" is forbidden: error looking up service account default/nobody: serviceaccount "nobody" not found',
  );
});

nodeTest("a pod of a manifest is changed by its file alone", pod("api-fixed"), async (node) => {
  await node.ready("api-fixed");
  const { code, body } = await call(node, "DELETE", `${podsPath}/api-fixed`);
  equal(code, 403);
  match(
    body.message,
    /^pods "api-fixed" is forbidden: it comes from the manifest \/.*\.yaml: remove that file instead$/,
  );
});

nodeTest("a forced deletion takes the row at once, and the node cleans up", {}, async (node) => {
  equal((await make(node, pod("api-forced", idle, { ...off, terminationGracePeriodSeconds: 60 }))).code, 201);
  const { metadata: { uid } } = await node.ready("api-forced");
  const { code } = await call(node, "DELETE", `${podsPath}/api-forced?gracePeriodSeconds=0`);
  equal(code, 200);
  equal((await call(node, "GET", `${podsPath}/api-forced`)).code, 404);
  await node.until(
    "nothing of the pod is left",
    async () => !(await node.sandboxes()).some(({ metadata }) => metadata?.uid === uid),
  );
});

nodeTest("a pod that asks for more than the node has fails for kubelet's reason", {}, async (node) => {
  const resources = { requests: { cpu: "1000" } };
  equal((await make(node, pod("api-large", container("main", idle, { resources })))).code, 201);
  const { status } = await node.podUntil("api-large", "has failed", finished);
  equal(status?.reason, "OutOfcpu");
  match(status?.message ?? "", /^Pod was rejected: Node didn't have enough resource: cpu, requested: 1000000, /);
  await remove(node, `${podsPath}/api-large`);
});

nodeTest("an eviction ends a pod with its grace and says why; one of a manifest pod is refused", {
  ...pod("api-kept"),
}, async (node) => {
  // ends when it is told to, after SIGTERM
  const lingering =
    "trap 'until [ -e /tmp/go ]; do sleep 0.1; done; exit 0' TERM; while :; do sleep 1000 & wait $!; done";
  const eviction = (name: string) => ({ apiVersion: "policy/v1", kind: "Eviction", metadata: { name } });
  equal(
    (await make(node, pod("api-evicted", lingering, ample))).code,
    201,
  );
  await node.ready("api-evicted");
  const { code, body } = await call(node, "POST", `${podsPath}/api-evicted/eviction`, eviction("api-evicted"));
  deepEqual([code, body.kind, body.status], [201, "Status", "Success"]);
  const ending = await node.pod("api-evicted");
  equal(ending?.metadata.deletionGracePeriodSeconds, ample.terminationGracePeriodSeconds);
  equal(condition(ending!, "DisruptionTarget")?.reason, "EvictionByEvictionAPI");
  await node.output("api-evicted", "touch /tmp/go");
  await node.gone("api-evicted");
  await node.ready("api-kept");
  const refused = await call(node, "POST", `${podsPath}/api-kept/eviction`, eviction("api-kept"));
  equal(refused.code, 403);
  match(refused.body.message, /: remove that file instead$/);
});

nodeTest("a pod is bound once", pod("api-bound"), async (node) => {
  const binding = (name: string) => ({
    apiVersion: "v1",
    kind: "Binding",
    metadata: { name },
    target: { kind: "Node", name: node.name },
  });
  const object = pod("api-mine", idle, { schedulerName: "mine" });
  equal((await make(node, object)).code, 201);
  equal((await call(node, "POST", `${podsPath}/api-mine/binding`, binding("api-mine"))).code, 201);
  await node.ready("api-mine");
  const { code, body } = await call(node, "POST", `${podsPath}/api-mine/binding`, binding("api-mine"));
  equal(code, 409);
  match(body.message, /pod api-mine is already assigned to node "/);
  await remove(node, `${podsPath}/api-mine`);
});

nodeTest("a NoExecute taint drives pods of the API away, manifests' stay", pod("api-stays"), async (node) => {
  await node.ready("api-stays");
  equal((await make(node, pod("api-driven"))).code, 201);
  const tolerations = [{ key: "maintenance", operator: "Exists" }];
  equal((await make(node, pod("api-tolerant", idle, { tolerations }))).code, 201);
  for (const name of ["api-driven", "api-tolerant"]) await node.ready(name);
  const taint = async (taints: unknown[]) => {
    const { code } = await patch(node, `/api/v1/nodes/${node.name}`, { spec: { taints } });
    equal(code, 200);
  };
  await taint([{ key: "maintenance", effect: "NoExecute" }]);
  await node.gone("api-driven");
  await node.event("api-driven", "TaintManagerEviction", "Marking for deletion Pod default/api-driven");
  equal((await make(node, pod("api-late"))).code, 201);
  await node.event("api-late", "FailedScheduling", "untolerated taint {maintenance: }");
  await taint([]);
  for (const name of ["api-late", "api-stays", "api-tolerant"]) await node.ready(name);
  for (const name of ["api-late", "api-tolerant"]) await remove(node, `${podsPath}/${name}`);
});

nodeTest("a claim is bound to a volume, kept while a pod uses it, and leaves its data", {}, async (node) => {
  const path = `${node.dir}/api-disk`;
  const spec = { accessModes: ["ReadWriteOnce"] };
  const volume = {
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: { name: "api-disk" },
    spec: { ...spec, capacity: { storage: "1Gi" }, hostPath: { path, type: "DirectoryOrCreate" } },
  };
  const claim = {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name: "api-data" },
    spec: { ...spec, resources: { requests: { storage: "500Mi" } } },
  };
  const [volumePath, claimPath] = ["/api/v1/persistentvolumes", "/api/v1/namespaces/default/persistentvolumeclaims"];
  const user = pod(
    "api-user",
    container("main", `echo kept > /data/note; ${idle}`, {
      volumeMounts: [{ name: "data", mountPath: "/data" }],
    }),
    { volumes: [{ name: "data", persistentVolumeClaim: { claimName: "api-data" } }] },
  );
  equal((await make(node, user)).code, 201);
  await node.event("api-user", "FailedScheduling", 'persistentvolumeclaim "api-data" not found');
  equal((await call(node, "POST", claimPath, claim)).code, 201);
  await node.event("api-user", "FailedScheduling", "pod has unbound immediate PersistentVolumeClaims");
  equal((await call(node, "POST", volumePath, volume)).code, 201);
  await node.ready("api-user");
  const phase = async (path: string) => (await call(node, "GET", path)).body.status?.phase;
  deepEqual([await phase(`${claimPath}/api-data`), await phase(`${volumePath}/api-disk`)], ["Bound", "Bound"]);
  ok((await call(node, "DELETE", `${claimPath}/api-data`)).body.metadata.deletionTimestamp);
  equal(await phase(`${claimPath}/api-data`), "Bound");
  await remove(node, `${podsPath}/api-user`);
  await node.until("the volume is released", async () => await phase(`${volumePath}/api-disk`) === "Released");
  equal((await call(node, "GET", `${claimPath}/api-data`)).code, 404);
  equal((await Deno.readTextFile(`${path}/note`)).trim(), "kept");
  await remove(node, `${volumePath}/api-disk`);
  await Deno.remove(path, { recursive: true });
});

nodeTest("a claim of a manifest that names no volume is bound as well", [
  {
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: { name: "api-file-disk", labels: { disk: "b" } },
    spec: { accessModes: ["ReadOnlyMany"], capacity: { storage: "2Gi" }, hostPath: { path: "/tmp" } },
  },
  {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name: "api-file-claim" },
    spec: {
      accessModes: ["ReadOnlyMany"],
      selector: { matchLabels: { disk: "b" } },
      resources: { requests: { storage: "1Gi" } },
    },
  },
  pod(
    "api-file-user",
    container("main", idle, { volumeMounts: [{ name: "data", mountPath: "/data", readOnly: true }] }),
    {
      volumes: [{ name: "data", persistentVolumeClaim: { claimName: "api-file-claim", readOnly: true } }],
    },
  ),
], async (node) => {
  await node.ready("api-file-user");
  const path = "/api/v1/namespaces/default/persistentvolumeclaims/api-file-claim";
  const { body: { spec, status } } = await call(node, "GET", path);
  deepEqual([spec.volumeName, status.phase, status.capacity.storage], ["api-file-disk", "Bound", "2Gi"]);
});

nodeTest("a namespace ends with its pods, after their grace", {}, async (node) => {
  const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: "api-shop" } };
  equal((await call(node, "POST", "/api/v1/namespaces", namespace)).code, 201);
  const path = "/api/v1/namespaces/api-shop";
  equal((await call(node, "POST", `${path}/pods`, pod("api-web"))).code, 201);
  await node.ready("api-web", { namespace: "api-shop" });
  equal((await call(node, "DELETE", path)).code, 200);
  const late = await call(node, "POST", `${path}/configmaps`, { metadata: { name: "late" } });
  equal(late.code, 403);
  match(late.body.message, /because it is being terminated$/);
  await node.until("the namespace is gone", async () => (await call(node, "GET", path)).code === 404);
  deepEqual((await node.containers()).filter(({ labels }) => labels["io.kubernetes.pod.namespace"] === "api-shop"), []);
});

nodeTest("a pod goes after the object that owns it", {}, async (node) => {
  const maps = "/api/v1/namespaces/default/configmaps";
  const { body: owner } = await call(node, "POST", maps, { metadata: { name: "api-owner" } });
  const ownerReferences = [{ apiVersion: "v1", kind: "ConfigMap", name: "api-owner", uid: owner.metadata.uid }];
  equal((await make(node, pod("api-owned", idle, {}, { ownerReferences }))).code, 201);
  await node.ready("api-owned");
  equal((await call(node, "DELETE", `${maps}/api-owner`)).code, 200);
  await node.gone("api-owned");
});

nodeTest("pods and Services are reached by way of the API", {}, async (node) => {
  const web = container("main", `mkdir /www; echo within > /www/index.html; exec httpd -f -p 8080 -h /www`, {
    ports: [{ name: "http", containerPort: 8080 }],
    readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 },
  });
  equal((await make(node, pod("api-web", web, off, { labels: { app: "api-web" } }))).code, 201);
  const service = {
    metadata: { name: "api-web" },
    spec: { selector: { app: "api-web" }, ports: [{ port: 80, targetPort: "http" }] },
  };
  equal((await call(node, "POST", "/api/v1/namespaces/default/services", service)).code, 201);
  await node.ready("api-web");
  const get = async (path: string) => {
    const answer = await node.api(`/api/v1/namespaces/default/${path}`);
    return { code: answer.status, text: await answer.text() };
  };
  for (const name of ["api-web", "api-web:8080", "http:api-web:http"]) {
    deepEqual(await get(`pods/${name}/proxy/index.html`), { code: 200, text: "within\n" }, name);
  }
  equal((await get("pods/api-web/proxy/none")).code, 404);
  equal((await get("pods/api-web:9/proxy/")).code, 503);
  await node.until("the Service has its endpoint", async () => (await get("services/api-web/proxy/")).code === 200);
  equal((await get("services/http:api-web:80/proxy/index.html")).text, "within\n");
  match((await get("services/api-web:81/proxy/")).text, /no service port 81 found for service/);
  await remove(node, "/api/v1/namespaces/default/services/api-web");
  await remove(node, `${podsPath}/api-web`);
});

/** Shakes hands as a WebSocket server, says hello, and answers a message of five letters with its frame in hex. */
const webSocketServer = String.raw`
cat >/serve.sh <<'END'
: >/tmp/chosen
while IFS= read -r line; do
  line=$(echo "$line" | tr -d '\r')
  [ "$line" ] || break
  case "$line" in
    [Ss]ec-[Ww]eb[Ss]ocket-[Kk]ey:*) key=$(echo "$line" | cut -d ' ' -f 2);;
    [Ss]ec-[Ww]eb[Ss]ocket-[Pp]rotocol:*) printf '%s\r\n' "$line" >/tmp/chosen;;
    [Aa]uthorization:*) told=yes;;
  esac
done
if [ -z "$key" ] || [ "$told" ]; then
  printf 'HTTP/1.1 403 Forbidden\r\nContent-Length: 7\r\nConnection: close\r\n\r\nrefused'
  exit
fi
accept=$(printf %s258EAFA5-E914-47DA-95CA-C5AB0DC85B11 "$key" | sha1sum | cut -c 1-40 | xxd -r -p | base64)
printf 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
cat /tmp/chosen
printf 'Sec-WebSocket-Accept: %s\r\n\r\n\201\005hello' "$accept"
printf '\201\026%s' "$(head -c 11 | xxd -p)"
printf '\210\002\003\350'
END
chmod +x /serve.sh
exec nc -ll -p 8080 -e /bin/sh /serve.sh`;

/** What a client of WebSockets has sent, by the frame in hex. */
function unmasked(frame: string): string {
  const bytes = frame.match(/../g)!.map((byte) => parseInt(byte, 16));
  const [mask, data] = [bytes.slice(2, 6), bytes.slice(6)];
  return String.fromCharCode(...data.map((byte, at) => byte ^ mask[at % 4]));
}

nodeTest(
  "a WebSocket to a pod and to a Service goes through the API, over the socket and over TLS",
  {},
  async (node) => {
    const ready = { tcpSocket: { port: 8080 }, periodSeconds: 1 };
    const server = container("main", webSocketServer, { readinessProbe: ready });
    equal((await make(node, pod("api-ws", server, off, { labels: { app: "api-ws" } }))).code, 201);
    const service = { metadata: { name: "api-ws" }, spec: { selector: { app: "api-ws" }, ports: [{ port: 8080 }] } };
    equal((await call(node, "POST", "/api/v1/namespaces/default/services", service)).code, 201);
    await node.ready("api-ws");
    await node.until("the Service has its endpoint", async () => {
      const { body } = await call(node, "GET", "/api/v1/namespaces/default/endpoints/api-ws");
      return body.subsets?.[0].addresses?.length === 1;
    });
    const decoder = new TextDecoder();
    const connect = () => Deno.connect({ transport: "unix", path: node.socket });
    for (const target of ["pods/api-ws:8080", "services/api-ws:8080"]) {
      const url = `http://localhost/api/v1/namespaces/default/${target}/proxy/chat?room=1`;
      const client = await WebSocketConnection.open(url, ["chat"], { connect, signal: AbortSignal.timeout(60_000) });
      equal(decoder.decode(await client.receive()), "hello", target);
      await client.send(new TextEncoder().encode("world"));
      equal(unmasked(decoder.decode(await client.receive())), "world", target);
      equal(await client.receive(), undefined, "the pod has closed it");
    }

    // the same by the platform's own WebSocket, over TLS; the pod is not told who asks
    await node.kubeconfig();
    const { token } = /token: "?(?<token>[^"\s]+)/.exec(Deno.readTextFileSync(`${node.rootDir}/admin.kubeconfig`))!
      .groups!;
    const script = `
    const socket = new WebSocket(Deno.args[0], { headers: { authorization: "Bearer " + Deno.args[1] } });
    socket.onmessage = ({ data }) => { console.log(data); if (data === "hello") socket.send("again"); };
    socket.onclose = ({ code, wasClean }) => console.log(code, wasClean);
    socket.onerror = ({ message }) => console.log(message);`;
    const file = `${node.dir}/websocket.ts`;
    Deno.writeTextFileSync(file, script);
    const wss = "wss://127.0.0.1:6550/api/v1/namespaces/default/pods/api-ws:8080/proxy/";
    const deno = [Deno.execPath(), "run", "--quiet", "--no-config", "--no-check", "--allow-net"];
    const said = await node.inside(...deno, `--cert=${node.rootDir}/pki/ca.crt`, file, wss, token);
    const [hello, frame, end] = said.stdout.split("\n");
    deepEqual([hello, unmasked(frame ?? ""), end], ["hello", "again", "1000 true"], said.stdout + said.stderr);

    // a pod that does not want to: its own answer
    using connection = await connect();
    const request = "GET /api/v1/namespaces/default/pods/api-ws:8080/proxy/ HTTP/1.1\r\nHost: localhost\r\n" +
      "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    await connection.write(new TextEncoder().encode(request));
    let answer = "";
    for (const room = new Uint8Array(4096); !answer.endsWith("refused");) {
      const count = await connection.read(room);
      if (count === null) break;
      answer += decoder.decode(room.subarray(0, count));
    }
    match(answer, /^HTTP\/1\.1 403 [^]*refused$/);
    await remove(node, "/api/v1/namespaces/default/services/api-ws");
    await remove(node, `${podsPath}/api-ws`);
  },
);

nodeTest("a pod of the API outlives islet, and is adopted", {}, async (node) => {
  equal((await make(node, pod("api-lasting", idle, off))).code, 201);
  const before = await node.podUntil("api-lasting", "is ready", isReady);
  await node.kill9();
  await node.startIslet();
  const after = await node.ready("api-lasting");
  equal(after.metadata.uid, before.metadata.uid);
  equal(after.status?.containerStatuses?.[0].containerID, before.status?.containerStatuses?.[0].containerID);
  equal((await call(node, "DELETE", `${podsPath}/api-lasting`)).code, 200);
  await node.gone("api-lasting");
});
