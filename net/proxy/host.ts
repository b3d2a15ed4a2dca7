/** What the proxy sets on the machine besides its table: routes to service addresses, and route_localnet. */
import { type ChildOutput, runProgram } from "../child.ts";
import { type Family, formatCidr, parseCidr } from "../addr.ts";

/** The machine as the proxy changes it. */
export interface ProxyHost {
  /**
   * Gives the node itself routes to service addresses, of one family, and no others that it was given before: without one, and
   * without a default route, a connection fails before any rule sees it. Packets never take them: they have another address by
   * then, or are dropped.
   */
  setRoutes(family: Family, cidrs: readonly string[]): Promise<void>;
  /** @returns whether it was off. */
  setRouteLocalnet(isOn: boolean): boolean;
}

/** Who has set a route, as the kernel remembers it with each: a number that no routing daemon has (rtnetlink(7)). */
const routeProtocol = "142";

const routeLocalnet = "/proc/sys/net/ipv4/conf/all/route_localnet";

/** This machine. */
export const thisHost: ProxyHost = {
  async setRoutes(family, cidrs) {
    const changes = routeChanges(await ip(family, ["-N", "route", "show", "proto", routeProtocol]), cidrs);
    // one that has gone meanwhile holds back no other
    if (changes.length > 0) await ip(family, ["-force", "-batch", "-"], changes.join("\n") + "\n");
  },
  setRouteLocalnet(isOn) {
    const was = Deno.readTextFileSync(routeLocalnet).trim() === "1";
    if (was !== isOn) Deno.writeTextFileSync(routeLocalnet, isOn ? "1" : "0");
    return was !== isOn;
  },
};

/** `ip` commands that lead from the routes that it shows to those that are wanted. Pure. */
export function routeChanges(shown: string, wanted: readonly string[]): string[] {
  const canonical = (text: string) => {
    const range = parseCidr(text);
    return range && formatCidr(range);
  };
  const given = shown.split("\n").flatMap((line) => canonical(line.split(" ", 1)[0]) ?? []);
  const own = new Set(wanted.flatMap((cidr) => canonical(cidr) ?? []));
  return [
    ...given.filter((cidr) => !own.has(cidr)).map((cidr) => `route del ${cidr} proto ${routeProtocol}`),
    ...[...own].filter((cidr) => !given.includes(cidr))
      .map((cidr) => `route replace ${cidr} dev lo proto ${routeProtocol}`),
  ];
}

async function ip(family: Family, args: string[], input = ""): Promise<string> {
  let output: ChildOutput;
  try {
    output = await runProgram("ip", { args: [family === "ip6" ? "-6" : "-4", ...args], input });
  } catch (cause) {
    throw new Error('Cannot run ip: install it with "apt-get install iproute2"', { cause });
  }
  if (!output.success) throw new Error(`Cannot run ip ${args.join(" ")}: ${output.stderr.trim()}`);
  return output.stdout;
}
