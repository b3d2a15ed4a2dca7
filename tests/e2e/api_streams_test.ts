/** Exec, attach, port-forward, cp and logs by real kubectls of three ages, over TLS, and by WebSockets of every protocol. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { join } from "node:path";
import { WebSocketConnection } from "../../cri/websocket.ts";
import { kubectlOf, kubectlVersions } from "../support/kubectl.ts";
import type { TestNode } from "../support/node.ts";
import { nodeFile } from "../support/node_file.ts";
import { container, finished, pod, statusOf } from "../support/pods.ts";

const { nodeTest } = nodeFile();
const MiB = 1024 * 1024;
const decoder = new TextDecoder();
const bytes = (text: string) => new TextEncoder().encode(text);

/** A WebSocket to a subresource of a pod, on the node's socket. */
function webSocket(node: TestNode, path: string, protocols: string[]): Promise<WebSocketConnection> {
  const url = `http://localhost/api/v1/namespaces/default/pods/${path}`;
  const connect = () => Deno.connect({ transport: "unix", path: node.socket });
  return WebSocketConnection.open(url, protocols, { connect });
}

const command = (...words: string[]) => words.map((word) => `command=${encodeURIComponent(word)}`).join("&");

/** Memory that islet holds now, and the most that it held since the last call. */
function memory(node: TestNode): { now: number; most: number } {
  const status = Deno.readTextFileSync(`/proc/${node.isletPid}/status`);
  const kib = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)![1]);
  Deno.writeTextFileSync(`/proc/${node.isletPid}/clear_refs`, "5");
  return { now: kib("VmRSS") * 1024, most: kib("VmHWM") * 1024 };
}

async function sha256(data: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", data));
  return [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** A web server, ready when it listens. */
const server = (text: string, port = 8080) =>
  container("main", `mkdir -p /www; echo ${text} > /www/index.html; httpd -f -p ${port} -h /www`, {
    readinessProbe: { tcpSocket: { port }, periodSeconds: 1 },
  });

const shells = pod("shells", [
  container("main"),
  container("reader", "while read -r line; do echo got $line; done; sleep 3600", { stdin: true }),
]);

for (const version of kubectlVersions) {
  nodeTest(
    `kubectl ${version} exec carries input, output, errors and the exit code`,
    version === "1.20" ? shells : [],
    async (node) => {
      await node.ready("shells");
      const kubectl = await kubectlOf(node, version);
      const exec = ["exec", "-i", "shells", "-c", "main", "--"];
      const both = await kubectl.feed("hello", ...exec, "sh", "-c", "cat; echo err >&2; exit 3");
      deepEqual([both.code, both.stdout], [3, "hello"]);
      equal(both.stderr, "err\ncommand terminated with exit code 3\n");
      const none = await kubectl.run("exec", "shells", "-c", "main", "--", "nope");
      equal(none.code, 1);
      match(none.stderr, /^error: Internal error occurred: error executing command in container: .*"nope"/);
      const gone = await kubectl.run("exec", "shells", "-c", "other", "--", "ls");
      equal(gone.code, 1);
      match(gone.stderr, /container other is not valid for pod shells/);
      const missing = await kubectl.run("exec", "nobody", "--", "ls");
      match(missing.stderr, /^Error from server \(NotFound\): pods "nobody" not found/);
    },
  );

  nodeTest(`kubectl ${version} exec -it gives a terminal of the right size, which follows`, [], async (node) => {
    await node.ready("shells");
    const kubectl = await kubectlOf(node, version);
    const { program, args } = kubectl.command(["exec", "-it", "shells", "-c", "main", "--", "sh"]);
    const quoted = [program, ...args].map((word) => `'${word.replaceAll("'", `'"'"'`)}'`);
    const line = ["stty rows 40 cols 100;", ...quoted].join(" ");
    const script = new Deno.Command("script", {
      args: ["-qefc", line, "/dev/null"],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const writer = script.stdin.getWriter();
    let said = "";
    const reading = (async () => {
      for await (const chunk of script.stdout) said += decoder.decode(chunk, { stream: true });
    })();
    const until = (text: string | RegExp) =>
      node.until(`the terminal shows ${text}`, () => text instanceof RegExp ? text.test(said) : said.includes(text), {
        tell: () => said,
      });
    await until("/ # ");
    await writer.write(bytes("stty size; tty\r"));
    await until("40 100\r\n");
    await until("/dev/pts/");
    // what is interrupted runs in the foreground by then
    await writer.write(bytes("sh -c 'echo so''on; exec sleep 1000'\r"));
    await until("soon\r\n");
    await writer.write(bytes("\x03"));
    await until("^C");
    await writer.write(bytes("exit 7\r"));
    const { code } = await script.status;
    await reading;
    await writer.close().catch(() => {});
    equal(code, 7);
  });

  nodeTest(`kubectl ${version} attach feeds a container and shows what it writes from now on`, [], async (node) => {
    await node.ready("shells");
    const kubectl = await kubectlOf(node, version);
    const attached = kubectl.spawn(["attach", "-i", "shells", "-c", "reader"]);
    const writer = attached.stdin.getWriter();
    const reader = attached.stdout.getReader();
    let said = "";
    // What is said before the container's output is joined is not heard.
    const talking = setInterval(() => writer.write(bytes(`from-${version}\n`)).catch(() => {}), 200);
    while (!said.includes(`got from-${version}\n`)) {
      const { value, done } = await reader.read();
      ok(!done, `attach ended after ${said}`);
      said += decoder.decode(value);
    }
    clearInterval(talking);
    attached.kill("SIGKILL");
    await reader.cancel();
    await writer.close().catch(() => {});
    await attached.stderr.cancel();
    await attached.status;
    // the container's stdin is open for the next one
    equal(statusOf((await node.pod("shells"))!, "reader")?.restartCount, 0);
  });

  nodeTest(
    `kubectl ${version} port-forward carries connections, many at once, and says that nobody listens`,
    version === "1.20" ? pod("web", server("hello from web")) : [],
    async (node) => {
      await node.ready("web");
      const kubectl = await kubectlOf(node, version);
      const forward = kubectl.spawn(["port-forward", "pod/web", ":8080", ":9"], { stdin: "null" });
      let out = "", err = "";
      const reading = [
        (async () => {
          for await (const chunk of forward.stdout) out += decoder.decode(chunk);
        })(),
        (async () => {
          for await (const chunk of forward.stderr) err += decoder.decode(chunk);
        })(),
      ];
      const port = (remote: number) => new RegExp(`127\\.0\\.0\\.1:(\\d+) -> ${remote}\\n`).exec(out)?.[1];
      await node.until("ports are forwarded", () => port(9), { tell: () => out + err });
      const get = async (port: string) => {
        const script = `printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 60 127.0.0.1 ${port} | tail -1`;
        return (await node.inside("busybox", "sh", "-c", script)).stdout;
      };
      const answers = await Promise.all(Array.from({ length: 8 }, () => get(port(8080)!)));
      deepEqual(answers, Array(8).fill("hello from web\n"));
      await get(port(9)!);
      await node.until("kubectl tells of the refusal", () => /error forwarding port 9 to pod/.test(err), {
        tell: () => err,
      });
      try {
        forward.kill("SIGTERM");
      } catch { /* newer ones end by themselves */ }
      await forward.status;
      await Promise.all(reading);
    },
  );
}

nodeTest(
  "kubectl cp carries 100 MiB both ways unchanged, and islet's memory does not grow with it",
  [],
  async (node) => {
    await node.ready("shells");
    const data = new Uint8Array(100 * MiB);
    for (let at = 0; at < data.length; at += 65536) crypto.getRandomValues(data.subarray(at, at + 65536));
    const sum = await sha256(data);
    await Deno.writeFile(join(node.dir, "large"), data);
    const peaks: number[] = [];
    for (const version of ["1.20", "1.36", "1.20", "1.36"] as const) {
      const kubectl = await kubectlOf(node, version);
      memory(node);
      const up = await kubectl.run("cp", "large", "shells:/tmp/large", "-c", "main");
      equal(up.code, 0, up.stderr);
      equal((await node.output("shells", "sha256sum < /tmp/large", "main")).split(" ")[0], sum);
      const down = await kubectl.run("cp", "shells:/tmp/large", "back", "-c", "main");
      equal(down.code, 0, down.stderr);
      equal(await sha256(await Deno.readFile(join(node.dir, "back"))), sum);
      peaks.push(memory(node).most);
      await Deno.remove(join(node.dir, "back"));
    }
    await node.output("shells", "rm /tmp/large", "main");
    await Deno.remove(join(node.dir, "large"));
    // What TLS and its garbage take they have taken the first time, or nearly. Since then 600 MiB have been carried.
    ok(
      Math.max(...peaks) - peaks[0] < 200 * MiB,
      `islet held at most ${peaks.map((peak) => Math.round(peak / MiB))} MiB`,
    );
  },
);

nodeTest("a client that does not read holds its command back, not islet's memory", [], async (node) => {
  await node.ready("shells");
  const query = `${command("sh", "-c", "yes 0123456789abcdef | head -c 200000000; echo over > /tmp/over")}&stdout=1`;
  const socket = await webSocket(node, `shells/exec?container=main&${query}`, ["v5.channel.k8s.io"]);
  const before = memory(node);
  await new Promise((resolve) => setTimeout(resolve, 2000));
  ok(memory(node).most - before.now < 32 * MiB);
  equal((await node.exec("shells", "cat /tmp/over", "main")).code, 1);
  let size = 0;
  for (let message; (message = await socket.receive());) if (message[0] === 1) size += message.length - 1;
  equal(size, 200_000_000);
  ok(memory(node).most - before.now < 64 * MiB);
});

const endings: [protocol: string, base64: boolean, status: RegExp][] = [
  ["v5.channel.k8s.io", false, /"reason":"NonZeroExitCode".*"ExitCode","message":"4"/],
  ["v4.channel.k8s.io", false, /"reason":"NonZeroExitCode".*"ExitCode","message":"4"/],
  ["v4.base64.channel.k8s.io", true, /"reason":"NonZeroExitCode".*"ExitCode","message":"4"/],
  ["channel.k8s.io", false, /^command terminated with non-zero exit code/],
  ["base64.channel.k8s.io", true, /^command terminated with non-zero exit code/],
  ["", false, /^command terminated with non-zero exit code/],
];
nodeTest("every channel protocol carries a command's streams and end", [], async (node) => {
  await node.ready("shells");
  for (const [protocol, base64, status] of endings) {
    const query = command("sh", "-c", "read -r line; echo $line; echo err >&2; exit 4");
    const path = `shells/exec?container=main&stdin=1&stdout=1&stderr=1&${query}`;
    const socket = await webSocket(node, path, [protocol]);
    await socket.send(bytes(base64 ? `0${btoa("line\n")}` : "\0line\n"));
    const said = ["", "", "", ""];
    for (let message; (message = await socket.receive());) {
      const text = decoder.decode(message.subarray(1));
      if (base64) said[message[0] - 48] += atob(text);
      else said[message[0]] += text;
    }
    deepEqual(said.slice(1, 3), ["line\n", "err\n"], protocol);
    match(said[3], status);
  }
});

nodeTest("stdin ends while output goes on, and a client that vanishes ends its command's input", [], async (node) => {
  await node.ready("shells");
  const path = (script: string) => `shells/exec?container=main&stdin=1&stdout=1&${command("sh", "-c", script)}`;
  const ending = await webSocket(node, path("cat; sleep 1; echo after"), ["v5.channel.k8s.io"]);
  await ending.send(bytes("\0before\n"));
  await ending.send(new Uint8Array([255, 0]));
  let said = "";
  for (let message; (message = await ending.receive());) {
    if (message[0] === 1) said += decoder.decode(message.subarray(1));
  }
  equal(said, "before\nafter\n");

  const vanishing = await webSocket(node, path("echo started; cat; echo ended > /tmp/vanished"), ["v5.channel.k8s.io"]);
  for (let seen = ""; !seen.includes("started");) seen += decoder.decode(await vanishing.receive());
  vanishing.close();
  await node.until(
    "the command has ended",
    async () => (await node.exec("shells", "cat /tmp/vanished", "main")).code === 0,
  );

  const kubectl = await kubectlOf(node, "1.20");
  const args = ["exec", "-i", "shells", "-c", "main", "--", "sh", "-c", "echo started; cat; echo ended > /tmp/killed"];
  const killed = kubectl.spawn(args);
  const reader = killed.stdout.getReader();
  equal(decoder.decode((await reader.read()).value), "started\n");
  killed.kill("SIGKILL");
  await Promise.all([reader.cancel(), killed.stderr.cancel(), killed.stdin.close().catch(() => {}), killed.status]);
  await node.until(
    "the command has ended",
    async () => (await node.exec("shells", "cat /tmp/killed", "main")).code === 0,
  );
});

nodeTest("fifty commands at once each get their own input and exit code", [], async (node) => {
  await node.ready("shells");
  const results = await Promise.all(Array.from({ length: 50 }, async (_, index) => {
    const query = command("sh", "-c", "read -r n; sleep 1; echo $n; exit $((n % 7))");
    const path = `shells/exec?container=main&stdin=1&stdout=1&${query}`;
    const socket = await webSocket(node, path, ["v5.channel.k8s.io"]);
    await socket.send(bytes(`\0${index}\n`));
    let out = "", status = "";
    for (let message; (message = await socket.receive());) {
      const text = decoder.decode(message.subarray(1));
      if (message[0] === 1) out += text;
      else if (message[0] === 3) status += text;
    }
    const { causes } = JSON.parse(status).details ?? {};
    return [out, Number(causes?.[0].message ?? 0)];
  }));
  deepEqual(results, Array.from({ length: 50 }, (_, index) => [`${index}\n`, index % 7]));
});

nodeTest(
  "ports are forwarded in channels, to pods on the node's network, and to those that listen on IPv6 alone",
  [
    pod("on-host", server("from the host", 18080), { hostNetwork: true }),
    pod("on-ipv6", "mkdir -p /www; echo from ipv6 > /www/index.html; httpd -f -p [::1]:8080 -h /www"),
  ],
  async (node) => {
    await node.ready("on-host");
    await node.ready("on-ipv6");
    const get = async (name: string, port: number) => {
      const socket = await webSocket(node, `${name}/portforward?ports=${port}`, ["v4.channel.k8s.io"]);
      await socket.send(bytes("\0GET / HTTP/1.0\r\n\r\n"));
      const said = ["", ""];
      const greeted = [false, false];
      for (let message; (message = await socket.receive());) {
        const channel = message[0];
        // the first message of each channel is its port
        if (greeted[channel]) said[channel] += decoder.decode(message.subarray(1));
        else equal(new DataView(message.buffer).getUint16(1, true), port);
        greeted[channel] = true;
      }
      return said;
    };
    match((await get("on-host", 18080))[0], /from the host\n$/);
    match((await get("on-host", 9))[1], /connection refused/);
    // the runtime looks up localhost where it runs: it needs both addresses
    const hosts = join(node.dir, "hosts");
    await Deno.writeTextFile(hosts, "127.0.0.1 localhost\n::1 localhost\n");
    equal((await node.inside("mount", "--bind", hosts, "/etc/hosts")).code, 0);
    try {
      // what it has looked up it keeps for some seconds
      await node.until("the pod answers", async () => /from ipv6\n$/.test((await get("on-ipv6", 8080))[0]), {
        everyMs: 1000,
      });
    } finally {
      equal((await node.inside("umount", "/etc/hosts")).code, 0);
    }
  },
);

nodeTest(
  "kubectl logs shows what is asked for: tails, times, bytes, earlier runs, init containers, and follows",
  [
    pod("crashes", [container("main", "echo life of $(cat /proc/sys/kernel/random/uuid); sleep 1; exit 1")]),
    pod("speaks", [
      container("main", "seq 1 20; sleep 1; echo problem >&2; until [ -e /tmp/go ]; do sleep 0.1; done; echo late"),
      container("other"),
    ], {
      initContainers: [container("first", "echo from first")],
      restartPolicy: "Never",
    }),
  ],
  async (node) => {
    await node.podUntil("speaks", "runs", (pod) => statusOf(pod, "main")?.state?.running);
    await node.logged("speaks", "problem\n");
    for (const version of kubectlVersions) {
      const kubectl = await kubectlOf(node, version);
      const logs = async (...args: string[]) => await kubectl.run("logs", ...args);
      equal((await logs("speaks", "-c", "first")).stdout, "from first\n");
      match((await logs("speaks", "-c", "main", "--tail=2", "--limit-bytes=4")).stdout, /^20\np$/);
      match((await logs("speaks", "-c", "main", "--timestamps", "--tail=1")).stdout, /^\d{4}-\d\d-\d\dT\S+Z \w+\n$/);
      equal((await logs("speaks", "-c", "main", "--since-time=2999-01-01T00:00:00Z")).stdout, "");
      match((await logs("speaks", "-c", "main", "--since=1h")).stdout, /^1\n2\n/);
      match((await logs("speaks", "-c", "nope")).stderr, /container nope is not valid for pod speaks/);
      const none = await logs("speaks", "-c", "main", "--previous");
      match(none.stderr, /\(BadRequest\): previous terminated container "main" in pod "speaks" not found/);
    }
    const kubectl = await kubectlOf(node, "1.36");
    const following = kubectl.run("logs", "-f", "speaks", "-c", "main");
    await node.output("speaks", "touch /tmp/go", "main");
    const followed = await following;
    equal(followed.code, 0, followed.stderr);
    match(followed.stdout, /^1\n2\n[^]*problem\nlate\n$/);
    const all = await kubectl.run("logs", "speaks", "--all-containers", "--prefix", "--tail=1");
    match(all.stdout, /\[pod\/speaks\/first\] from first\n/);
    const streams = async (stream: string) =>
      await (await node.api(`/api/v1/namespaces/default/pods/speaks/log?container=main&stream=${stream}`)).text();
    equal(await streams("Stderr"), "problem\n");
    match(await streams("Stdout"), /^1\n2\n[^]*20\nlate\n$/);
    await node.podUntil("crashes", "has crashed", (pod) => (statusOf(pod)?.restartCount ?? 0) >= 1);
    const crashed = await node.podUntil("crashes", "waits", (pod) => statusOf(pod)?.state?.waiting);
    for (const args of [["crashes"], ["crashes", "--previous"]]) {
      // it may be beginning another life just now
      await node.until(
        `there is a log of ${args}`,
        async () => (await kubectl.run("logs", ...args)).stdout.startsWith("life of "),
      );
    }
    ok(finished(crashed) === false);
  },
);

nodeTest("islet that ends closes its streams, and the pods run on", [], async (node) => {
  const before = statusOf(await node.ready("shells"), "main")?.containerID;
  const kubectls = await Promise.all((["1.20", "1.36"] as const).map(async (version) => {
    const kubectl = await kubectlOf(node, version);
    const exec = kubectl.spawn(["exec", "-i", "shells", "-c", "main", "--", "sh", "-c", "echo started; cat"]);
    const reader = exec.stdout.getReader();
    equal(decoder.decode((await reader.read()).value), "started\n");
    return { version, exec, reader };
  }));
  const { code, ms } = await node.terminate();
  equal(code, 0);
  ok(ms < 1000, `islet took ${ms} ms`);
  for (const { version, exec, reader } of kubectls) {
    await reader.cancel();
    await Promise.all([exec.stderr.cancel(), exec.stdin.close().catch(() => {})]);
    // over SPDY an end without a status is taken for success
    equal((await exec.status).code, version === "1.20" ? 0 : 1);
  }
  await node.startIslet();
  equal(statusOf(await node.ready("shells"), "main")?.containerID, before);
});
