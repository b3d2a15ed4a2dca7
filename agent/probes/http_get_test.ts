import assert from "node:assert/strict";
import { httpGet } from "./http_get.ts";
import { requestBytes, requestPath, ResponseReader } from "./http_response.ts";

const host = "127.0.0.1";
const never = new AbortController().signal;
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** Serves `handler` on loopback while `use` runs. */
async function serving(handler: (request: Request) => Response, use: (port: number) => Promise<void>, tls = {}) {
  const server = Deno.serve({ hostname: host, port: 0, onListen() {}, ...tls }, handler);
  try {
    await use(server.addr.port);
  } finally {
    await server.shutdown();
  }
}

/** A server that answers every connection with raw text; it reads the request's first bytes before. */
async function answering(answer: string, use: (port: number) => Promise<void>, hold = false) {
  const listener = Deno.listen({ hostname: host, port: 0 });
  const open: Deno.Conn[] = [];
  const loop = (async () => {
    for await (const conn of listener) {
      open.push(conn);
      await conn.read(new Uint8Array(4096));
      await conn.write(new TextEncoder().encode(answer)).catch(() => {});
      if (!hold) conn.close();
    }
  })();
  try {
    await use(listener.addr.port);
  } finally {
    listener.close();
    await loop.catch(() => {});
    if (hold) { for (const conn of open) conn.close(); }
  }
}

Deno.test("httpGet() sends kubelet's headers and those of the probe, and Host when it is given", async () => {
  await serving((request) => Response.json(Object.fromEntries(request.headers)), async (port) => {
    const plain = JSON.parse((await httpGet({ scheme: "http", host, port, signal: never })).body);
    assert.deepEqual(plain, {
      accept: "*/*",
      connection: "close",
      host: `127.0.0.1:${port}`,
      "user-agent": "kube-probe/islet",
    });
    const headers = [
      { name: "Host", value: "shop.example" },
      { name: "X-Token", value: "a\r\nX-Evil: b" },
      { name: "User-Agent", value: "mine/1" },
      { name: "Accept", value: "" },
    ];
    const own = JSON.parse((await httpGet({ scheme: "http", host, port, headers, signal: never })).body);
    assert.equal(own.host, "shop.example");
    assert.equal(own["user-agent"], "mine/1");
    assert.equal(own["x-token"], "a X-Evil: b");
    assert.equal(own.accept, undefined);
    assert.equal(own["x-evil"], undefined);
  });
});

Deno.test("httpGet() follows redirects on the same host, also to another port", async () => {
  await serving(() => new Response("arrived"), async (other) => {
    await serving((request) => {
      const { pathname } = new URL(request.url);
      if (pathname === "/a/start") return new Response(null, { status: 301, headers: { location: "../b?x=1" } });
      return new Response(null, { status: 307, headers: { location: `http://127.0.0.1:${other}/c` } });
    }, async (port) => {
      const answer = await httpGet({ scheme: "http", host, port, path: "/a/start", signal: never });
      assert.deepEqual(answer, { status: 200, body: "arrived" });
    });
  });
});

Deno.test("httpGet() gives a redirect to another host back as it is", async () => {
  const there = () => new Response("see there", { status: 302, headers: { location: "http://elsewhere.example/" } });
  await serving(there, async (port) => {
    assert.deepEqual(await httpGet({ scheme: "http", host, port, signal: never }), { status: 302, body: "see there" });
  });
});

Deno.test("httpGet() stops after ten redirects", async () => {
  let requests = 0;
  await serving(() => {
    requests++;
    return new Response(null, { status: 302, headers: { location: "/again" } });
  }, async (port) => {
    await assert.rejects(httpGet({ scheme: "http", host, port, signal: never }), /stopped after 10 redirects/);
  });
  assert.equal(requests, 10);
});

Deno.test("httpGet() reads 10 KiB of an endless body and lets go", async () => {
  const endless = () =>
    new Response(new ReadableStream({ pull: (stream) => stream.enqueue(new Uint8Array(4096).fill(120)) }));
  await serving(endless, async (port) => {
    const { status, body } = await httpGet({ scheme: "http", host, port, signal: never });
    assert.equal(status, 200);
    assert.equal(body, "x".repeat(10 * 1024));
  });
});

Deno.test("httpGet() does not wait for a server that keeps the connection open after a whole response", async () => {
  const answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok";
  await answering(answer, async (port) => {
    assert.deepEqual(await httpGet({ scheme: "http", host, port, signal: never }), { status: 200, body: "ok" });
  }, true);
});

const failing: [name: string, answer: string, message: RegExp][] = [
  ["is not HTTP", "SSH-2.0-OpenSSH_9.2\r\n", /^Get "http:.*": malformed HTTP response "SSH-2.0-OpenSSH_9.2"$/],
  ["ends without a word", "", /^Get "http:.*": EOF$/],
  ["ends inside its head", "HTTP/1.1 200 OK\r\nX: y\r\n", /unexpected EOF$/],
  ["ends inside its body", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab", /unexpected EOF$/],
  ["has a head without end", "HTTP/1.1 200 OK\r\n" + "a: b\r\n".repeat(12_000), /headers exceeded/],
];

for (const [name, answer, message] of failing) {
  Deno.test(`httpGet() fails on a response that ${name}`, async () => {
    await answering(answer, async (port) => {
      await assert.rejects(httpGet({ scheme: "http", host, port, signal: never }), { message });
    });
  });
}

Deno.test("httpGet() says in Go's words that nobody listens", async () => {
  const listener = Deno.listen({ hostname: host, port: 0 });
  const { port } = listener.addr;
  listener.close();
  await assert.rejects(httpGet({ scheme: "http", host, port, path: "/healthz", signal: never }), {
    message: `Get "http://127.0.0.1:${port}/healthz": dial tcp 127.0.0.1:${port}: connect: connection refused`,
  });
});

Deno.test("httpGet() gives up a silent server when the signal aborts, and says how far it came", async () => {
  const cases = [
    ["", "(Client.Timeout exceeded while awaiting headers)"],
    ["HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab", "(Client.Timeout or context cancellation while reading body)"],
  ];
  for (const [answer, end] of cases) {
    await answering(answer, async (port) => {
      let said = "";
      // on a machine that is busy the headers take their time
      for (let ms = 100; ms < 30_000 && !said.endsWith(end); ms *= 5) {
        const pending = httpGet({ scheme: "http", host, port, signal: AbortSignal.timeout(ms) });
        said = await pending.then(() => "an answer", (err) => err.message);
      }
      assert.equal(said, `Get "http://127.0.0.1:${port}/": context deadline exceeded ${end}`);
    }, true);
  }
});

Deno.test("httpGet() accepts a certificate that nobody vouches for", async () => {
  await serving(() => new Response("secret"), async (port) => {
    assert.deepEqual(await httpGet({ scheme: "https", host, port, signal: never }), { status: 200, body: "secret" });
  }, { cert: testCert, key: testKey });
});

Deno.test("httpGet() tells an HTTPS probe that its server speaks plain HTTP", async () => {
  await serving(() => new Response("plain"), async (port) => {
    await assert.rejects(httpGet({ scheme: "https", host, port, signal: never }), {
      message: `Get "https://127.0.0.1:${port}/": http: server gave HTTP response to HTTPS client`,
    });
  });
});

const paths: [given: string | undefined, sent: string][] = [
  [undefined, "/"],
  ["", "/"],
  ["healthz", "/healthz"],
  ["/a?b=c&d=%20#part", "/a?b=c&d=%20"],
  ["/a b\r\nX: y", "/a%20b%0D%0AX:%20y"],
  ["/größe/100%", "/gr%C3%B6%C3%9Fe/100%25"],
  ["//double", "//double"],
];

for (const [given, sent] of paths) {
  Deno.test(`requestPath() sends ${JSON.stringify(given)} as ${sent}`, () => assert.equal(requestPath(given), sent));
}

Deno.test("requestBytes() is one well-formed request", () => {
  assert.equal(
    text(requestBytes({ authority: "[fd00::1]:80", path: "/x", headers: [] })),
    "GET /x HTTP/1.1\r\nHost: [fd00::1]:80\r\nUser-Agent: kube-probe/islet\r\nAccept: */*\r\nConnection: close\r\n\r\n",
  );
});

const responses: { name: string; bytes: string; ends?: boolean; status: number; body: string }[] = [
  { name: "a length", bytes: "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", status: 200, body: "abc" },
  { name: "no body", bytes: "HTTP/1.1 204 No Content\r\n\r\n", status: 204, body: "" },
  { name: "a length of 0", bytes: "HTTP/1.1 500 Oh\r\ncontent-length: 0\r\n\r\n", status: 500, body: "" },
  { name: "no reason", bytes: "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", status: 200, body: "" },
  { name: "bare line feeds", bytes: "HTTP/1.0 200 OK\nContent-Length: 1\n\nx", status: 200, body: "x" },
  { name: "the end of the connection", bytes: "HTTP/1.0 200 OK\r\n\r\nabc", ends: true, status: 200, body: "abc" },
  {
    name: "chunks",
    bytes: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
    status: 200,
    body: "abc",
  },
  {
    name: "an interim response before it",
    bytes: "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    status: 200,
    body: "ok",
  },
];

for (const { name, bytes, ends = false, status, body } of responses) {
  Deno.test(`ResponseReader reads a response with ${name}, whole or byte by byte`, () => {
    const all = new TextEncoder().encode(bytes);
    for (const size of [all.length, 1]) {
      const reader = new ResponseReader();
      let whole = false;
      for (let at = 0; at < all.length; at += size) {
        assert.equal(whole, false, "whole before its last byte");
        whole = reader.push(all.subarray(at, at + size));
        // The last chunk's empty line may be left unread.
        if (whole && bytes.includes("chunked")) break;
      }
      assert.equal(ends ? reader.end() : whole, true);
      assert.equal(reader.status, status);
      assert.equal(reader.body, body);
    }
  });
}

/** Made for this test alone: CN=test, trusted by nobody. */
const testKey = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgVgyWqp82ORsuEItJ
ejAiHZWNTBjAMdfI68pWiYmY5ZKhRANCAARnbFO5S0v75EhXgwmA65fQ+Wgcr0C5
JOvoQD3+qhLXPJ8y/oSZXF09g0IVk6UjFWWWmoTlRE9q3JoCVYrVqyoY
-----END PRIVATE KEY-----
`;
const testCert = `-----BEGIN CERTIFICATE-----
MIIBijCCATGgAwIBAgIUUxm3Hm4bCxckesxyecixJAn4dCcwCgYIKoZIzj0EAwIw
DzENMAsGA1UEAwwEdGVzdDAeFw0yNjExMjMwODQ1NTFaFw0zNjExMjAwODQ1NTFa
MA8xDTALBgNVBAMMBHRlc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARnbFO5
S0v75EhXgwmA65fQ+Wgcr0C5JOvoQD3+qhLXPJ8y/oSZXF09g0IVk6UjFWWWmoTl
RE9q3JoCVYrVqyoYo2swaTAdBgNVHQ4EFgQUuH3tbIV4Wkc9KbikernXcPGKU8Yw
HwYDVR0jBBgwFoAUuH3tbIV4Wkc9KbikernXcPGKU8YwDwYDVR0TAQH/BAUwAwEB
/zAWBgNVHREEDzANggtub2JvZHkudGVzdDAKBggqhkjOPQQDAgNHADBEAiB2ePmO
8Yn03Bv5eIjpn+kRl1SgZil9dsG+82oztjE+DAIgG8moat9I2FXDFEO6trNXGexP
nN0w+TeRzTjljfRX/54=
-----END CERTIFICATE-----
`;
