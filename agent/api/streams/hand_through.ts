/**
 * SPDY/3.1, which older clients upgrade to: the runtime's streaming server speaks it, so the client's connection is
 * joined with one to there, with the headers of both handshakes.
 */
import type { Context } from "hono";
import { openUpgrade, type UpgradedConnection, UpgradeRefusedError } from "../../../cri/upgrade.ts";
import type { AppEnv } from "../request.ts";
import { listed } from "./channels.ts";
import { ClientConnection } from "./client_connection.ts";
import { NotRunningError } from "./container.ts";
import type { StreamDeps } from "./deps.ts";
import { defaultIdleMs } from "./idle.ts";
import { duplexOfClient, duplexOfRuntime, join } from "./join.ts";

export const spdy = "SPDY/3.1";
/** Which protocol is spoken on SPDY's streams: wanted by the client, chosen by the server. */
export const streamVersion = "X-Stream-Protocol-Version";
const acceptedVersions = "X-Accepted-Stream-Protocol-Versions";

export function wantsSpdy({ headers }: Request): boolean {
  return headers.get("upgrade")?.toLowerCase() === spdy.toLowerCase();
}

/** Serves a SPDY client from the URL that `ask` gives. */
export async function handThrough(
  deps: StreamDeps,
  c: Context<AppEnv>,
  what: string,
  ask: () => Promise<{ url: string }>,
): Promise<Response> {
  const { clock, log, limit, closing, config: { streamingConnectionIdleTimeoutMs: idleMs = defaultIdleMs } } = deps;
  const { headers, signal } = c.req.raw;
  const leave = limit.enter();
  try {
    const { url } = await ask();
    const runtime = await openSpdy(url, listed(headers.get(streamVersion)), AbortSignal.any([closing, signal]));
    const chosen = runtime.headers.get(streamVersion);
    const socket = c.env.upgrade!.accept({
      Connection: "Upgrade",
      Upgrade: spdy,
      ...(chosen === null ? {} : { [streamVersion]: chosen }),
    });
    const client = duplexOfClient(new ClientConnection(socket, signal, clock));
    join(client, duplexOfRuntime(runtime), { clock, idleMs }).finally(leave);
    return c.body(null);
  } catch (err) {
    leave();
    const answer = refusalOf(err);
    if (!answer) throw err;
    log.debug("Cannot join a container's streams", { what, err });
    return answer;
  }
}

/** A connection to the runtime in SPDY, whose streams speak one of `versions`. */
export function openSpdy(url: string, versions: readonly string[], signal: AbortSignal): Promise<UpgradedConnection> {
  return openUpgrade(url, {
    method: "POST",
    headers: [
      ["Upgrade", spdy],
      // older servers take each line for one version
      ...versions.map((version) => [streamVersion, version] as const),
      ["Content-Length", "0"],
    ],
    signal,
  });
}

/** kubelet's and the runtime's refusals, which are plain text: clients show them as they are. */
export function refusalOf(err: unknown): Response | undefined {
  if (err instanceof NotRunningError) return new Response(err.message, { status: err.code });
  if (!(err instanceof UpgradeRefusedError)) return undefined;
  const accepted = err.headers.get(acceptedVersions);
  return new Response(err.said, {
    status: err.status >= 400 ? err.status : 500,
    headers: accepted === null ? {} : { [acceptedVersions]: accepted },
  });
}
