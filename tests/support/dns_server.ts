/**
 * Cluster DNS as a program, for tests that look at it from outside:
 * `deno run -A tests/support/dns_server.ts '{"options": ClusterDnsOptions, "records": DnsRecords, "forward": ForwardConfig}'`.
 *
 * Says `ready` when it listens everywhere, then asks itself by UDP for each name that it reads, and says what came of it and in
 * how many milliseconds: `SERVFAIL 0.8`. Serves until its standard input ends.
 */
import { Buffer } from "node:buffer";
import dgram from "node:dgram";
import dnsPacket from "dns-packet";
import { ClusterDns } from "../../net/dns/mod.ts";

const { options, records, forward } = JSON.parse(Deno.args[0]);
const dns = new ClusterDns({
  ...options,
  server: {
    onListening: () => {
      if (dns.listening.length === 2 * options.addresses.length) console.log("ready");
    },
    onWaiting: (address: string, transport: string, err: unknown) => {
      console.log(`waiting for ${address} ${transport}: ${err}`);
    },
  },
}, records);
dns.configure(forward);
dns.start();

async function ask(name: string): Promise<string> {
  const socket = dgram.createSocket("udp4");
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", () => resolve()));
  const reply = new Promise<Uint8Array>((resolve) => socket.once("message", resolve));
  const query = dnsPacket.encode({
    type: "query",
    id: 1,
    flags: dnsPacket.RECURSION_DESIRED,
    questions: [{ type: "A", name }],
  });
  const started = performance.now();
  socket.send(query, options.port ?? 53, options.addresses[0]);
  const { rcode } = dnsPacket.decode(Buffer.from(await reply));
  const time = performance.now() - started;
  socket.close();
  return `${rcode} ${time.toFixed(1)}`;
}

let text = "";
for await (const chunk of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
  text += chunk;
  for (let end; (end = text.indexOf("\n")) >= 0; text = text.slice(end + 1)) console.log(await ask(text.slice(0, end)));
}
await dns.stop();
