/**
 * Health check node ports: a load balancer outside asks each node whether it has endpoints of a Service with
 * externalTrafficPolicy Local. The answer is kube-proxy's: 200 or 503, with their number.
 */
import { type ServiceProblem } from "./frontend.ts";
import { type ServiceChange } from "./changed_services.ts";
import { listOf, type ProxyEndpoint } from "./types.ts";

interface Check {
  port: number;
  namespace: string;
  name: string;
  localEndpoints: number;
}

export class HealthServers {
  readonly #servers = new Map<number, { server: Deno.HttpServer; end: AbortController }>();
  readonly #checks = new Map<number, Check>();
  /** By service. */
  readonly #asked = new Map<string, Check>();

  /** Listens on all addresses unless one is given. */
  constructor(readonly address?: string) {}

  /** Takes note of changes, listens on what is wanted, and on nothing else. */
  async update(changes: readonly ServiceChange[]): Promise<ServiceProblem[]> {
    for (const { key, service, endpoints } of changes) {
      const port = service?.externalTrafficPolicy === "Local" ? service.healthCheckNodePort : undefined;
      if (!service || !port) this.#asked.delete(key);
      else {
        const { namespace, name } = service;
        this.#asked.set(key, { port, namespace, name, localEndpoints: countLocal(listOf(endpoints)) });
      }
    }
    const problems: ServiceProblem[] = [], wanted = new Map<number, Check>();
    for (const [service, check] of this.#asked) {
      const { port } = check;
      if (!wanted.has(port)) wanted.set(port, check);
      else problems.push({ service, message: `health check node port ${port} is another service's already` });
    }
    for (const port of this.#servers.keys()) if (!wanted.has(port)) await this.#end(port);
    for (const [port, check] of wanted) {
      this.#checks.set(port, check);
      if (this.#servers.has(port)) continue;
      try {
        this.#servers.set(port, this.#serve(port));
      } catch (error) {
        const message = `Cannot listen on health check node port ${port}: ${(error as Error).message}`;
        problems.push({ service: `${check.namespace}/${check.name}`, message });
      }
    }
    return problems;
  }

  async close(): Promise<void> {
    for (const port of this.#servers.keys()) await this.#end(port);
  }

  async #end(port: number): Promise<void> {
    const { server, end } = this.#servers.get(port)!;
    this.#servers.delete(port);
    this.#checks.delete(port);
    end.abort(); // not gracefully: a balancer may hold its connection for ever
    await server.finished;
  }

  #serve(port: number): { server: Deno.HttpServer; end: AbortController } {
    const end = new AbortController();
    const listen = (hostname: string) =>
      Deno.serve({ hostname, port, signal: end.signal, onListen: () => {} }, () => this.#answer(port));
    if (this.address !== undefined) return { server: listen(this.address), end };
    try {
      return { server: listen("::"), end };
    } catch (error) {
      if (error instanceof Deno.errors.AddrInUse) throw error;
      return { server: listen("0.0.0.0"), end }; // a kernel without IPv6
    }
  }

  #answer(port: number): Response {
    const check = this.#checks.get(port);
    if (!check) return new Response(null, { status: 503 });
    const { namespace, name, localEndpoints } = check;
    const body = { service: { namespace, name }, localEndpoints, serviceProxyHealthy: true };
    return Response.json(body, {
      status: localEndpoints > 0 ? 200 : 503,
      headers: { "X-Load-Balancing-Endpoint-Weight": String(localEndpoints), "X-Content-Type-Options": "nosniff" },
    });
  }
}

/** Local pods that are ready: one that ends gets no new connections from outside. */
function countLocal(endpoints: readonly ProxyEndpoint[]): number {
  return new Set(endpoints.filter(({ local, ready }) => local && ready).map(({ address }) => address)).size;
}
