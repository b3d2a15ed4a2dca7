/**
 * TLS by node's module, which can ask clients for certificates; loaded when the first port is opened. On a Deno whose
 * node:tls cannot (2.7), `knowsClientCertificates` says so; such a Deno also keeps connections open that stop in the
 * middle of a handshake.
 */
import type { Socket } from "node:net";
import * as tls from "node:tls";
import { clientCertificate } from "./client_certificate.ts";
import { addressText, type Listener, type ListenerOptions, type TlsMaterial } from "./incoming.ts";
import type { Link } from "./source.ts";

export const knowsClientCertificates = "setSecureContext" in (tls.Server?.prototype ?? {});

/** Listens with TLS and asks clients for certificates; whose they are is for auth/ to say. */
export async function listenVerifying(
  { host, port }: { host: string; port: number },
  material: TlsMaterial,
  { onConnection, hasRoom, onHandshake, handshakeMs, onError }: ListenerOptions,
): Promise<Listener> {
  const context = ({ certificate, key, clientCA }: TlsMaterial) => ({ key, cert: certificate, ca: clientCA });
  const server = tls.createServer({
    ...context(material),
    requestCert: material.clientCA !== undefined,
    rejectUnauthorized: false,
    minVersion: "TLSv1.2",
    ALPNProtocols: ["http/1.1"],
    handshakeTimeout: handshakeMs,
    // an answer's last bytes do not wait until those before them are acknowledged
    noDelay: true,
  });
  server.on("connection", (socket: Socket) => {
    socket.on("error", () => {});
    if (!hasRoom()) return void socket.destroy();
    onHandshake(1);
    socket.once("close", () => onHandshake(-1));
  });
  server.on("secureConnection", (socket: tls.TLSSocket) => {
    // the handshake is over; what is below it is told of its end once more
    onHandshake(-1);
    socket.once("close", () => onHandshake(1));
    const { remoteAddress, remotePort } = socket;
    const env = { remote: addressText(remoteAddress, remotePort), ...clientCertificate(socket) };
    onConnection({ link: new TlsLink(socket), env });
  });
  server.on("tlsClientError", (_err: Error, socket: tls.TLSSocket) => void socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      server.on("error", onError);
      resolve();
    });
  });
  const address = server.address();
  return {
    port: typeof address === "object" && address ? address.port : port,
    renew(next) {
      server.setSecureContext(context(next));
      return Promise.resolve();
    },
    close: () => void server.close(),
  };
}

/** Node's socket below TLS, as far as it can be told to stop reading. */
interface Below {
  _parent?: { _handle?: { readStop?(): void; readStart?(): void } | null };
}

/**
 * A TLS socket read and written like any other connection: it is stopped while nobody asks for what comes. To pause it is
 * not enough: Deno's goes on reading below, and all that a client sends would end up in memory.
 */
class TlsLink implements Link {
  readonly #socket: tls.TLSSocket;
  #chunks: Uint8Array[] = [];
  #ended = false;
  #stopped = false;
  #wake = () => {};

  constructor(socket: tls.TLSSocket) {
    this.#socket = socket;
    socket.on("data", (chunk: Uint8Array) => {
      this.#chunks.push(chunk);
      this.#stop();
      this.#wake();
    });
    const end = () => {
      this.#ended = true;
      this.#wake();
    };
    socket.on("end", end);
    socket.on("close", end);
    socket.on("error", end);
  }

  async read(into: Uint8Array): Promise<number | null> {
    for (;;) {
      const bytes = this.#chunks[0];
      if (bytes) {
        const count = Math.min(bytes.length, into.length);
        into.set(bytes.subarray(0, count));
        if (count < bytes.length) this.#chunks[0] = bytes.subarray(count);
        else this.#chunks.shift();
        return count;
      }
      if (this.#ended) return null;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        this.#start();
      });
    }
  }

  #stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#socket.pause();
    this.#below()?.readStop?.();
  }

  #start(): void {
    if (this.#stopped) {
      this.#stopped = false;
      this.#below()?.readStart?.();
    }
    this.#socket.resume();
  }

  #below() {
    return (this.#socket as unknown as Below)._parent?._handle;
  }

  write(bytes: Uint8Array): Promise<number> {
    return new Promise((resolve, reject) => {
      const socket = this.#socket;
      if (socket.destroyed || !socket.writable) return reject(new Error("the connection is closed"));
      const gone = () => reject(new Error("the connection is closed"));
      socket.once("close", gone);
      socket.write(bytes, (err) => {
        socket.off("close", gone);
        if (err) reject(err);
        else resolve(bytes.length);
      });
    });
  }

  closeWrite(): Promise<void> {
    this.#socket.end();
    return Promise.resolve();
  }

  close(): void {
    this.#socket.destroy();
  }
}
