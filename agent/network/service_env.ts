/**
 * What containers are told of Services in their environment, as kubelet does it: those of the pod's namespace unless it
 * wants none (enableServiceLinks), and always the API's. Pure; what a container has was read when it was made.
 */
import type { Pod, Service } from "../objects/mod.ts";
import { apiServiceName } from "../controllers/api_service.ts";

/** `services`: all of the node, the ones that beat others of their name last. */
export function serviceEnv(pod: Pod, services: Iterable<Service>): Record<string, string> {
  const { metadata: { namespace }, spec: { enableServiceLinks = true } } = pod;
  const own = new Map<string, Service>();
  const api: Service[] = [];
  for (const service of services) {
    const { clusterIP } = service.spec;
    if (!clusterIP || clusterIP === "None") continue;
    if (service.metadata.namespace === "default" && service.metadata.name === apiServiceName) api.push(service);
    else if (enableServiceLinks && service.metadata.namespace === namespace) own.set(service.metadata.name, service);
  }
  // one of the pod's namespace beats the API's of the same name
  const env: Record<string, string> = {};
  for (const service of [...api, ...own.values()]) Object.assign(env, variablesOf(service));
  return env;
}

/** `WEB_SERVICE_HOST` and its like, and the ones that Docker's links had. */
function variablesOf({ metadata, spec: { clusterIP = "", ports = [] } }: Service): Record<string, string> {
  if (ports.length === 0) return {};
  const prefix = variableName(metadata.name);
  const env: Record<string, string> = {
    [`${prefix}_SERVICE_HOST`]: clusterIP,
    [`${prefix}_SERVICE_PORT`]: String(ports[0].port),
  };
  for (const { name, port } of ports) if (name) env[`${prefix}_SERVICE_PORT_${variableName(name)}`] = String(port);
  const host = clusterIP.includes(":") ? `[${clusterIP}]` : clusterIP;
  for (const [at, { port, protocol = "TCP" }] of ports.entries()) {
    const scheme = protocol.toLowerCase();
    const url = `${scheme}://${host}:${port}`;
    if (at === 0) env[`${prefix}_PORT`] = url;
    const link = `${prefix}_PORT_${port}_${protocol}`;
    env[link] = url;
    env[`${link}_PROTO`] = scheme;
    env[`${link}_PORT`] = String(port);
    env[`${link}_ADDR`] = clusterIP;
  }
  return env;
}

function variableName(name: string): string {
  return name.replaceAll("-", "_").toUpperCase();
}
