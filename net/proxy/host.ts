/** What the proxy sets on the machine besides its table: a route to the service range, and route_localnet. */

/** The machine as the proxy changes it. */
export interface ProxyHost {
  /**
   * Gives the node itself a route to service addresses: without one, and without a default route, a connection fails before
   * any rule sees it. Packets never take it: they have another address by then, or are dropped.
   */
  addRoute(cidr: string): Promise<void>;
  /** Takes away every route that was given. */
  removeRoutes(): Promise<void>;
  /** @returns whether it was off. */
  setRouteLocalnet(isOn: boolean): boolean;
}

/** Who has set a route, as the kernel remembers it with each: a number that no routing daemon has (rtnetlink(7)). */
const routeProtocol = "142";

const routeLocalnet = "/proc/sys/net/ipv4/conf/all/route_localnet";

/** This machine. */
export const thisHost: ProxyHost = {
  addRoute: (cidr) => ip(["route", "replace", cidr, "dev", "lo", "proto", routeProtocol], cidr),
  removeRoutes: async () => {
    // nothing to remove, or no IPv6
    for (const any of ["0.0.0.0/0", "::/0"]) await ip(["route", "flush", "proto", routeProtocol], any).catch(() => {});
  },
  setRouteLocalnet(isOn) {
    const was = Deno.readTextFileSync(routeLocalnet).trim() === "1";
    if (was !== isOn) Deno.writeTextFileSync(routeLocalnet, isOn ? "1" : "0");
    return was !== isOn;
  },
};

async function ip(args: string[], cidr: string): Promise<void> {
  const family = cidr.includes(":") ? "-6" : "-4";
  let output: Deno.CommandOutput;
  try {
    output = await new Deno.Command("ip", { args: [family, ...args], stdin: "null" }).output();
  } catch (cause) {
    throw new Error('Cannot run ip: install it with "apt-get install iproute2"', { cause });
  }
  if (!output.success) {
    throw new Error(`Cannot run ip ${args.join(" ")}: ${new TextDecoder().decode(output.stderr).trim()}`);
  }
}
