/** Datagrams to Unix sockets, which the runtime cannot send without a flag: how systemd and its journal are spoken to. */
import { check, cString, libc } from "./libc.ts";
import { Fd } from "./fd.ts";

const AF_UNIX = 1, SOCK_DGRAM = 2, SOCK_CLOEXEC = 0o2000000;
const MSG_DONTWAIT = 0x40, MSG_NOSIGNAL = 0x4000;

/** A socket that sends to one address; nothing is received. */
export class DatagramSocket implements Disposable {
  readonly #fd: Fd;
  readonly #address: Uint8Array<ArrayBuffer>;
  readonly #path: string;

  /** `path` is a file, or the name of an abstract socket behind an `@`. */
  constructor(path: string) {
    this.#path = path;
    this.#address = socketAddress(path);
    this.#fd = new Fd(check(libc().socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket", "make a socket"), path);
  }

  /** Sends at once or not at all. @throws {LinuxError} where nobody listens, or too much waits there already. */
  send(data: Uint8Array<ArrayBuffer>): void {
    const address = this.#address;
    const flags = MSG_DONTWAIT | MSG_NOSIGNAL;
    const sent = libc().sendto(this.#fd.number, data, BigInt(data.length), flags, address, address.length);
    check(sent, "sendto", () => `send to ${this.#path}`);
  }

  [Symbol.dispose](): void {
    this.#fd.close();
  }
}

/** struct sockaddr_un. Pure. */
export function socketAddress(path: string): Uint8Array<ArrayBuffer> {
  const abstract = path.startsWith("@");
  const name = abstract ? new TextEncoder().encode(path) : cString(path);
  if (abstract) name[0] = 0;
  if (name.length > 108) throw new Error(`Cannot use the socket ${path}: its name is too long`);
  const address = new Uint8Array(2 + name.length);
  new DataView(address.buffer).setUint16(0, AF_UNIX, true);
  address.set(name, 2);
  return address;
}
