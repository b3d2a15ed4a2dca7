/**
 * Deletes stale UDP flows from the kernel's connection table, over ctnetlink: no program has to be installed, and one listing of
 * 10,000 flows takes less than starting `conntrack` would.
 */
import { type Family } from "../addr.ts";
import { deleteRequest, type Flow, listRequest, protocolOf, readFlow, udp } from "./flow.ts";
import { NetlinkError, NetlinkSocket } from "../netlink/socket.ts";
import { staleFlows, type UdpFrontend } from "./stale.ts";

export { type Flow } from "./flow.ts";
export { loadLibrary, NetlinkError } from "../netlink/socket.ts";
export { staleFlows, type UdpFrontend } from "./stale.ts";

/** No such flow: it has ended by itself. */
const noEntry = 2;

/** Deletes the flows that `staleFlows` names. @returns how many. @throws NetlinkError if the kernel refuses. */
export async function deleteStaleFlows(
  family: Family,
  frontends: readonly UdpFrontend[],
  localAddresses: ReadonlySet<string> = ownAddresses(),
): Promise<number> {
  await using socket = new NetlinkSocket();
  const flows: Flow[] = [];
  for await (const message of socket.dumpAside(listRequest(family), "connections")) {
    if (protocolOf(message) !== udp) continue;
    const flow = readFlow(message);
    if (flow) flows.push(flow);
  }
  let deleted = 0;
  for (const flow of staleFlows(flows, frontends, localAddresses)) {
    const error = socket.request(deleteRequest(family, flow));
    if (error !== 0 && error !== noEntry) throw new NetlinkError("delete a connection", error);
    if (error === 0) deleted++;
  }
  return deleted;
}

/** The UDP flows of a family. */
export async function udpFlows(family: Family): Promise<Flow[]> {
  await using socket = new NetlinkSocket();
  return [...socket.dump(listRequest(family), "connections")].flatMap((message) =>
    protocolOf(message) === udp ? readFlow(message) ?? [] : []
  );
}

/** Addresses that node ports answer on. */
function ownAddresses(): Set<string> {
  return new Set(Deno.networkInterfaces().map(({ address }) => address));
}
