/** A guest that boots with systemd and cgroup v2, emulated by qemu, without any virtualization of the machine's. */
import { join } from "node:path";
import type { RootImage } from "./root_image.ts";
import { must } from "./run.ts";

export interface Answer {
  code: number;
  output: string;
}

/** Under emulation everything takes many times as long. */
const patienceMs = 600_000;

/** A disk of the guest that outlives its boots: changes are kept apart from the image. */
export async function guestDisk(dir: string, { disk }: RootImage): Promise<string> {
  const own = join(dir, "root.qcow2");
  await must("qemu-img", "create", "-q", "-f", "qcow2", "-b", disk, "-F", "raw", own);
  return own;
}

export interface BootOptions {
  dir: string;
  image: RootImage;
  disk: string;
  /** Read-only, at /payload. */
  payload: string;
  network: boolean;
}

export class Guest {
  readonly #qemu: Deno.ChildProcess;
  readonly #conn: Deno.UnixConn;
  readonly #console: string;
  readonly #lines: AsyncGenerator<string>;
  #id = 0;

  private constructor(qemu: Deno.ChildProcess, conn: Deno.UnixConn, console: string) {
    this.#qemu = qemu;
    this.#conn = conn;
    this.#console = console;
    this.#lines = lines(conn);
  }

  /** Resolves when the guest takes commands. */
  static async boot({ dir, image, disk, payload, network }: BootOptions): Promise<Guest> {
    const [socket, serial] = [join(dir, "control.sock"), join(dir, "console.log")];
    // an emulated timer may be too late for the kernel's check of it, and nobody attacks this machine
    const fast = "no_timer_check mitigations=off";
    const append = `root=/dev/vda rw console=ttyS0 net.ifnames=0 panic=-1 systemd.show_status=0 quiet ${fast}`;
    const qemu = new Deno.Command("qemu-system-x86_64", {
      args: [
        ...["-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", "2560"],
        ...["-nodefaults", "-nographic", "-no-reboot", "-serial", `file:${serial}`],
        ...["-kernel", image.kernel, "-initrd", image.initrd, "-append", append],
        ...["-drive", `file=${disk},format=qcow2,if=virtio,cache=unsafe`],
        ...["-drive", `file=${payload},format=raw,if=virtio,readonly=on`],
        ...network ? ["-nic", "user,restrict=on,model=virtio-net-pci"] : ["-nic", "none"],
        ...["-device", "virtio-serial-pci", "-chardev", `socket,id=control,path=${socket},server=on,wait=off`],
        ...["-device", "virtserialport,chardev=control,name=control", "-device", "virtio-rng-pci"],
      ],
      stdin: "null",
      stdout: "null",
      stderr: "inherit",
    }).spawn();
    let conn: Deno.UnixConn | undefined;
    for (let tries = 0; !conn; tries++) {
      conn = await Deno.connect({ transport: "unix", path: socket }).catch((err) => {
        if (tries > 100) throw err;
        return undefined;
      });
      if (!conn) await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const guest = new Guest(qemu, conn, serial);
    try {
      await guest.#next("hello");
      return guest;
    } catch (err) {
      await guest.kill();
      throw err;
    }
  }

  /** Runs a script of bash in the guest. */
  async run(script: string): Promise<Answer> {
    const id = String(++this.#id);
    const bytes = new TextEncoder().encode(script);
    const line = new TextEncoder().encode(`${id} ${btoa(String.fromCharCode(...bytes))}\n`);
    for (let at = 0; at < line.length;) at += await this.#conn.write(line.subarray(at));
    const [, code, output = ""] = await this.#next(id);
    return {
      code: Number(code),
      output: new TextDecoder().decode(Uint8Array.from(atob(output), (c) => c.charCodeAt(0))),
    };
  }

  /** The same, of a script that must succeed; what it printed, without the last newline. */
  async output(script: string): Promise<string> {
    const { code, output } = await this.run(script);
    if (code !== 0) {
      throw new Error(`Cannot run in the guest: exit code ${code}:\n${script}\n--- it printed:\n${output}`);
    }
    return output.trimEnd();
  }

  /** Waits until a script succeeds; what it printed then. `tell` is a script whose output explains a wait in vain. */
  async until(what: string, script: string, tell = "true", timeoutMs = patienceMs): Promise<string> {
    const end = performance.now() + timeoutMs;
    for (;;) {
      const { code, output } = await this.run(script);
      if (code === 0) return output.trimEnd();
      if (performance.now() > end) {
        const told = await this.run(`${tell}; journalctl -u islet -n 60 --no-pager -o cat`);
        throw new Error(`Waited in vain until ${what}:\n${output}\n${told.output}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  }

  /** Shuts the guest down as its power button would; resolves when it is off. */
  async powerOff(): Promise<void> {
    await this.run("systemctl poweroff");
    await this.#ended();
  }

  /** Ends the guest as a power cut would. */
  async kill(): Promise<void> {
    try {
      this.#qemu.kill("SIGKILL");
    } catch { /* it has ended */ }
    await this.#qemu.status;
    this.#close();
  }

  async #ended(): Promise<void> {
    const timer = setTimeout(() => this.#qemu.kill("SIGKILL"), patienceMs);
    const { success } = await this.#qemu.status;
    clearTimeout(timer);
    this.#close();
    if (!success) throw new Error(`The guest did not shut down\n${this.consoleTail()}`);
  }

  consoleTail(): string {
    return Deno.readTextFileSync(this.#console).split("\n").slice(-40).join("\n");
  }

  async #next(id: string): Promise<string[]> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new Error(`The guest does not answer\n${this.consoleTail()}`)),
        5 * patienceMs,
      );
    });
    try {
      for (;;) {
        const { value, done } = await Promise.race([this.#lines.next(), late]);
        if (done) throw new Error(`The guest has ended\n${this.consoleTail()}`);
        const words = value.split(" ");
        if (words[0] === id) return words;
      }
    } finally {
      clearTimeout(timer);
    }
  }

  #close(): void {
    try {
      this.#conn.close();
    } catch { /* closed */ }
  }
}

async function* lines(conn: Deno.Conn): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let held = "";
  for (const chunk = new Uint8Array(65536);;) {
    const count = await conn.read(chunk).catch(() => null);
    if (count === null) return;
    held += decoder.decode(chunk.subarray(0, count), { stream: true });
    for (let end; (end = held.indexOf("\n")) >= 0; held = held.slice(end + 1)) yield held.slice(0, end);
  }
}
