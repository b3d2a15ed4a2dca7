/** Where connections come from: a Unix socket, or a TLS port. */
import { addressText, type Listener, type ListenerOptions, type TlsMaterial } from "./incoming.ts";

/** Listens on a Unix socket. */
export function listenUnix(path: string, options: ListenerOptions): Listener {
  const listener = Deno.listen({ transport: "unix", path });
  void accept(listener, options, (link) => options.onConnection({ link, env: {} }));
  return { port: 0, renew: () => Promise.resolve(), close: () => closeQuietly(listener) };
}

/** Listens with TLS; clients' certificates are looked at where this Deno can. */
export async function listenTls(
  at: { host: string; port: number },
  tls: TlsMaterial,
  options: ListenerOptions,
): Promise<Listener> {
  const { knowsClientCertificates, listenVerifying } = await import("./tls.ts");
  if (knowsClientCertificates) return await listenVerifying(at, tls, options);
  const { sendAtOnce } = await import("../../linux/mod.ts");
  return listenPlainTls(at, tls, options, sendAtOnce);
}

/** TLS without client certificates: all that Deno 2.7 has. */
function listenPlainTls(
  { host, port }: { host: string; port: number },
  tls: TlsMaterial,
  options: ListenerOptions,
  sendAtOnce: (port: number) => void,
): Listener {
  const open = (port: number, { certificate, key }: TlsMaterial) => {
    const listener = Deno.listenTls({ hostname: host, port, cert: certificate, key, alpnProtocols: ["http/1.1"] });
    sendAtOnce(listener.addr.port);
    void accept(listener, options, (link) => void handshake(link, options));
    return listener;
  };
  let closed = false;
  let listener = open(port, tls);
  const bound = listener.addr.port;
  return {
    port: bound,
    async renew(next) {
      // connections that are open stay; for a moment nobody listens
      closeQuietly(listener);
      for (let tries = 1; !closed; tries++) {
        try {
          listener = open(bound, next);
          return;
        } catch (err) {
          // the old one is gone a few turns later
          if (!(err instanceof Deno.errors.AddrInUse) || tries === 100) throw err;
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
      }
    },
    close() {
      closed = true;
      closeQuietly(listener);
    },
  };
}

async function handshake(link: Deno.TlsConn, options: ListenerOptions): Promise<void> {
  options.onHandshake(1);
  const timer = setTimeout(() => closeQuietly(link), options.handshakeMs);
  try {
    await link.handshake();
    const { hostname, port } = link.remoteAddr;
    options.onConnection({ link, env: { remote: addressText(hostname, port) } });
  } catch {
    closeQuietly(link);
  } finally {
    clearTimeout(timer);
    options.onHandshake(-1);
  }
}

async function accept<C extends Deno.Conn>(
  listener: { accept(): Promise<C> },
  { hasRoom, onError }: ListenerOptions,
  take: (link: C) => void,
): Promise<void> {
  for (;;) {
    let link: C;
    try {
      link = await listener.accept();
    } catch (err) {
      if (err instanceof Deno.errors.BadResource || err instanceof Deno.errors.Interrupted) return;
      onError(err);
      // too many open files, or a handshake that an older Deno makes here: what comes next may go well
      await new Promise((resolve) => setTimeout(resolve, 50));
      continue;
    }
    if (hasRoom()) take(link);
    else closeQuietly(link);
  }
}

function closeQuietly(one: { close(): void }): void {
  try {
    one.close();
  } catch { /* closed already */ }
}
