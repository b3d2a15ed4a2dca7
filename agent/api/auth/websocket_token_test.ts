import { equal } from "node:assert/strict";
import { testApp, testAuth } from "./testing.ts";

const prefix = "base64url.bearer.authorization.k8s.io.";
const encoded = (token: string) => btoa(token).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

async function setUp() {
  const { deps, holders } = await testAuth();
  holders.set("secret", { name: "jane", groups: ["system:masters"] });
  const ask = testApp(deps);
  return (protocols: string | undefined, more: Record<string, string> = {}) =>
    ask("/api/v1/namespaces/default/pods/web/exec", {
      headers: {
        connection: "Upgrade",
        upgrade: "websocket",
        ...(protocols === undefined ? {} : { "sec-websocket-protocol": protocols }),
        ...more,
      },
    });
}

Deno.test("a browser's WebSocket has its token among the protocols", async () => {
  const open = await setUp();
  const { status, body } = await open(`v5.channel.k8s.io, ${prefix}${encoded("secret")}`);
  equal(status, 200);
  equal(body.user.name, "jane");
  equal((await open(`${prefix}${encoded("secret")},v4.channel.k8s.io`)).status, 200);
});

Deno.test("a token among the protocols that is wrong, doubled, alone or not a WebSocket's does not count", async () => {
  const open = await setUp();
  const good = prefix + encoded("secret");
  const wrong: [string | undefined, Record<string, string>?][] = [
    [undefined],
    ["v5.channel.k8s.io"],
    [`v5.channel.k8s.io, ${prefix}${encoded("wrong")}`],
    [`v5.channel.k8s.io, ${prefix}`],
    [`v5.channel.k8s.io, ${prefix}${btoa("a?>")}=`],
    [`v5.channel.k8s.io, ${prefix}c2VjcmV0_w`],
    [`v5.channel.k8s.io, ${good}, ${good}`],
    [good],
    [`v5.channel.k8s.io, ${good}`, { upgrade: "SPDY/3.1" }],
    [`v5.channel.k8s.io, ${good}`, { authorization: "Bearer wrong" }],
  ];
  for (const [protocols, more] of wrong) equal((await open(protocols, more)).status, 401, protocols!);
});
