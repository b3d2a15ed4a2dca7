/** What a resolv.conf says about whom to ask, and how servers are written elsewhere. Pure. */
import { canonicalAddress, parseAddress } from "../addr.ts";

export interface Server {
  address: string;
  port: number;
}

export interface ResolvConf {
  servers: Server[];
  search: string[];
  /** Seconds and number of tries, where the file says. */
  timeout?: number;
  attempts?: number;
  rotate: boolean;
}

/** Reads the file as resolvers do: what is not understood is passed over, the last `search` counts. */
export function parseResolvConf(text: string): ResolvConf {
  const conf: ResolvConf = { servers: [], search: [], rotate: false };
  for (const line of text.split("\n")) {
    const [word, ...values] = line.replace(/[#;].*$/, "").trim().split(/\s+/);
    if (word === "nameserver" && values[0]) {
      const server = parseServer(values[0]);
      if (server) conf.servers.push(server);
    } else if (word === "search" || word === "domain") {
      conf.search = values;
    } else if (word === "options") {
      for (const option of values) {
        const [name, value] = option.split(":");
        const number = /^\d+$/.test(value ?? "") ? Number(value) : undefined;
        if (name === "timeout" && number) conf.timeout = Math.min(number, 30);
        if (name === "attempts" && number) conf.attempts = Math.min(number, 5);
        if (name === "rotate") conf.rotate = true;
      }
    }
  }
  return conf;
}

/** `1.1.1.1`, `1.1.1.1:5353`, `fd00::1`, `[fd00::1]:5353`, `fe80::1%eth0`. Undefined for anything else. */
export function parseServer(text: string): Server | undefined {
  const [, bracketed, port] = /^\[([^\]]+)\](?::(\d{1,5}))?$/.exec(text) ?? /^([^:]+):(\d{1,5})$/.exec(text) ??
    [, text];
  const number = port === undefined ? 53 : Number(port);
  const address = bracketed!;
  const plain = address.includes(":") ? address.replace(/%[\w.@-]+$/, "") : address;
  if (!parseAddress(plain) || number < 1 || number > 65535) return undefined;
  return { address, port: number };
}

/** Whether both are one server. `0.0.0.0` and `::` are this machine's own loopback address to a resolver. */
export function sameServer(one: Server, other: Server): boolean {
  return one.port === other.port && sameAddress(meant(one.address), meant(other.address));
}

export function sameAddress(one: string, other: string): boolean {
  if (one === other) return true;
  const [plain, otherPlain] = [one, other].map((address) => canonicalAddress(address.replace(/%.*$/, "")));
  return plain !== undefined && plain === otherPlain;
}

function meant(address: string): string {
  const key = canonicalAddress(address);
  if (key === "0.0.0.0") return "127.0.0.1";
  return key === "::" ? "::1" : address;
}

/** `[fd00::1]:53`. */
export function serverText({ address, port }: Server): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}
