/** Connections that probes speak over. */

/** A byte stream: plain or TLS. */
export interface Link {
  write(bytes: Uint8Array): Promise<void>;
  /** Number of bytes put into `buffer`, null at the end. */
  read(buffer: Uint8Array): Promise<number | null>;
  /** May be called more than once. */
  close(): void;
}

/** A plain TCP connection. An aborted attempt closes whatever it still gets. */
export async function connect(host: string, port: number, signal: AbortSignal): Promise<Link> {
  signal.throwIfAborted();
  const conn = await Deno.connect({ hostname: host, port, signal });
  let open = true;
  return {
    async write(bytes) {
      for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
    },
    read: (buffer) => conn.read(buffer),
    close() {
      if (open) conn.close();
      open = false;
    },
  };
}
