/**
 * Which UDP flows are stale. TCP notices by itself that an endpoint has gone; a UDP client that goes on sending from one port keeps
 * its flow alive for ever, to an endpoint that is gone, or past a Service that did not exist when it began. Pure.
 */
import { type Flow, type Tuple, udp } from "./flow.ts";

/** An address and port of a Service: `10.96.0.10 . udp . 53`, or `udp . 30053` of every address of the node. */
export interface UdpFrontend {
  id: string;
  /** Endpoints that serve, `10.244.0.5 . 53`; none for one that was deleted. */
  serving: readonly string[];
}

/**
 * Judges flows: stale is one whose original destination is one of the frontends and whose answers do not come from an endpoint
 * that serves. Flows of others are nobody's here, however they look.
 */
export function staleFlows(
  flows: Iterable<Flow>,
  frontends: readonly UdpFrontend[],
  localAddresses: ReadonlySet<string>,
): Flow[] {
  const byId = new Map(frontends.map(({ id, serving }) => [id, new Set(serving)]));
  const serving = ({ destination, destinationPort }: Tuple) =>
    byId.get(`${destination} . udp . ${destinationPort}`) ??
      (localAddresses.has(destination) ? byId.get(`udp . ${destinationPort}`) : undefined);
  return [...flows].filter(({ original, reply }) => {
    if (original.protocol !== udp) return false;
    const endpoints = serving(original);
    return endpoints !== undefined && !endpoints.has(`${reply.source} . ${reply.sourcePort}`);
  });
}
