/** Which address `pods/…/proxy` and `services/…/proxy` mean, in Kubernetes' words where they mean none. Pure. */
import type { EndpointSlice, Pod, Service } from "../../objects/mod.ts";
import { ApiError, badRequest } from "../status.ts";

/** What is asked for: `NAME`, `NAME:PORT`, `SCHEME:NAME:PORT`; an empty scheme is http, an empty port the first one. */
export interface Wanted {
  scheme: "http" | "https";
  name: string;
  /** A number or a name. */
  port: string;
}

export interface Target {
  scheme: "http" | "https";
  address: string;
  port: number;
}

/** Takes a name in a path apart. @throws a 400 */
export function readWanted(what: "pod" | "service", text: string): Wanted {
  const parts = text.split(":");
  const [scheme, name, port] = parts.length === 3 ? parts : ["", parts[0], parts[1] ?? ""];
  if (parts.length > 3 || !name || !["", "http", "https"].includes(scheme)) {
    throw badRequest(`invalid ${what} request ${JSON.stringify(text)}`);
  }
  return { scheme: scheme === "https" ? "https" : "http", name, port };
}

/** A port of a pod: its number, its name, or the first that a container names; else the scheme's own. */
export function targetInPod(pod: Pod, { scheme, port }: Wanted): Target {
  const address = pod.status?.podIPs?.[0]?.ip ?? pod.status?.podIP ?? "";
  if (!mayBeAsked(address)) throw badRequest("address not allowed");
  const ports = pod.spec.containers.flatMap(({ ports = [] }) => ports);
  const chosen = port === ""
    ? ports[0]?.containerPort ?? (scheme === "https" ? 443 : 80)
    : /^\d+$/.test(port)
    ? Number(port)
    : ports.find(({ name }) => name === port)?.containerPort;
  if (!chosen || chosen > 65535) throw badRequest(`pod ${pod.metadata.name} has no port ${JSON.stringify(port)}`);
  return { scheme, address, port: chosen };
}

/**
 * A ready endpoint of a Service, one of many by `random` in [0, 1). @throws a 503 where there is none
 */
export function targetOfService(
  { metadata: { name }, spec }: Service,
  slices: readonly EndpointSlice[],
  wanted: Wanted,
  random: number,
): Target {
  let { port } = wanted;
  if (/^\d+$/.test(port)) {
    const found = spec.ports?.find((each) => each.port === Number(port));
    if (!found) throw unavailable(`no service port ${port} found for service ${JSON.stringify(name)}`);
    port = found.name ?? "";
  } else if (port === "") port = spec.ports?.[0]?.name ?? "";
  const targets = slices.filter(({ metadata }) => metadata.labels?.["kubernetes.io/service-name"] === name)
    .flatMap(({ endpoints, ports }) => {
      const number = ports?.find((each) => (each.name ?? "") === port)?.port;
      if (!number) return [];
      return (endpoints ?? []).filter(({ conditions }) => conditions?.ready ?? true)
        .map(({ addresses = [] }): Target => ({ scheme: wanted.scheme, address: addresses[0] ?? "", port: number }));
    })
    .filter(({ address }) => mayBeAsked(address));
  if (targets.length === 0) throw unavailable(`no endpoints available for service ${JSON.stringify(name)}`);
  return targets[Math.floor(random * targets.length)];
}

export function unavailable(message: string, cause?: unknown): ApiError {
  return new ApiError(503, "ServiceUnavailable", message, undefined, { cause });
}

/** What is the node's own, or nobody's in particular, is not asked on behalf of others. */
function mayBeAsked(address: string): boolean {
  return address !== "" &&
    !/^(0\.0\.0\.0$|127\.|169\.254\.|224\.0\.0\.|::$|::1$|::ffff:(127\.|169\.254\.)|fe[89ab][0-9a-f]:|ff[0-9a-f][12]:)/i
      .test(address);
}
