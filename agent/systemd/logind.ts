/**
 * Hears of the machine's shutdown before it begins and holds it back until the pods have ended: a delay lock of
 * systemd-logind ("Inhibitor Locks") and its signal PrepareForShutdown.
 *
 *     watch: make the longest delay long enough ─► take the lock ─► wait for the signal
 *     PrepareForShutdown(true) ─► onShutdown ─► give the lock back; (false): it was called off ─► take it again
 *
 * The lock is a file descriptor that comes over the bus, which the runtime cannot receive: a child holds it,
 * `systemd-inhibit cat`, which ends with its standard input, so also when this process is killed.
 */
import { errorText, type Logger } from "../telemetry/log.ts";
import { Bus, systemBus } from "./dbus.ts";

const manager = {
  destination: "org.freedesktop.login1",
  path: "/org/freedesktop/login1",
  interface: "org.freedesktop.login1.Manager",
};

/** Gone at the next boot; read after the machine's own, as kubelet's 99-kubelet.conf. */
export const logindDropIn = "/run/systemd/logind.conf.d/99-islet.conf";

const againMs = 30_000;

export interface ShutdownWatchOptions {
  /** How long the shutdown may be held back. */
  seconds: number;
  /** The machine goes down; it waits until this resolves. */
  onShutdown(): Promise<void>;
  /** It does not go down after all. */
  onCanceled(): void;
  log: Logger;
  busPath?: string;
  /** The program that takes the lock. */
  inhibit?: string;
  dropIn?: string;
}

export class ShutdownWatch {
  readonly #options: Required<ShutdownWatchOptions>;
  #bus: Bus | undefined;
  #lock: Deno.ChildProcess | undefined;
  #stopped = false;
  #retry: ReturnType<typeof setTimeout> | undefined;

  constructor(options: ShutdownWatchOptions) {
    this.#options = { busPath: systemBus, inhibit: "systemd-inhibit", dropIn: logindDropIn, ...options };
  }

  /** Resolves when the machine waits for us; where it cannot be made to, that is said, and tried again. */
  async start(): Promise<void> {
    const { busPath, log } = this.#options;
    try {
      const bus = await Bus.connect(busPath);
      this.#bus = bus;
      bus.onSignal = ({ interface: from, member, body }) => {
        if (from === manager.interface && member === "PrepareForShutdown") void this.#heard(body[0] === true);
      };
      bus.closed.then(() => this.#startAgain());
      await bus.subscribe(`type='signal',interface='${manager.interface}',member='PrepareForShutdown'`);
      await this.#allowDelay(bus);
      await this.#takeLock();
      log.info("The machine's shutdown waits for the pods", { seconds: this.#options.seconds });
    } catch (err) {
      if (this.#stopped) return;
      log.warn("Cannot hold back the machine's shutdown until the pods have ended; trying again", { err });
      if (this.#bus) this.#bus.close();
      else this.#startAgain();
    }
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#retry);
    this.#bus?.close();
    this.#release();
  }

  #startAgain(): void {
    this.#bus = undefined;
    this.#release();
    if (!this.#stopped) this.#retry = setTimeout(() => void this.start(), againMs);
  }

  async #heard(begins: boolean): Promise<void> {
    const { onShutdown, onCanceled, log } = this.#options;
    if (!begins) {
      onCanceled();
      if (!this.#lock) await this.#takeLock().catch((err) => log.warn("Cannot hold back the next shutdown", { err }));
      return;
    }
    try {
      await onShutdown();
    } catch (err) {
      log.error("Cannot end the pods before the machine goes down", { err });
    }
    this.#release();
  }

  /** logind waits for InhibitDelayMaxSec and no longer, 5 s where nothing else is configured. */
  async #allowDelay(bus: Bus): Promise<void> {
    const { seconds, dropIn: file, log } = this.#options;
    const allowed = async () => Number(await bus.property(manager, "InhibitDelayMaxUSec")) / 1e6;
    if (await allowed() >= seconds) return;
    Deno.mkdirSync(file.slice(0, file.lastIndexOf("/")), { recursive: true });
    Deno.writeTextFileSync(
      file,
      `# Written by islet for shutdownGracePeriod\n[Login]\nInhibitDelayMaxSec=${seconds}\n`,
    );
    await bus.call({
      destination: "org.freedesktop.systemd1",
      path: "/org/freedesktop/systemd1",
      interface: "org.freedesktop.systemd1.Manager",
      member: "KillUnit",
      signature: "ssi",
      body: ["systemd-logind.service", "main", 1], // SIGHUP: read the configuration anew
    });
    // it does so in its own time
    for (let tries = 0; tries < 20; tries++) {
      if (await allowed() >= seconds) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    log.warn(
      "The machine's shutdown does not wait as long as the pods may take: logind's InhibitDelayMaxSec is shorter",
      {
        allowedSeconds: await allowed(),
        seconds,
      },
    );
  }

  async #takeLock(): Promise<void> {
    const child = new Deno.Command(this.#options.inhibit, {
      args: ["--what=shutdown", "--mode=delay", "--who=islet", "--why=Pods are ended first", "cat"],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const [input, output] = [child.stdin.getWriter(), child.stdout.getReader()];
    // cat runs, and answers, only under the lock
    const written = input.write(new TextEncoder().encode("\n")).catch(() => {});
    const { done } = await output.read();
    await written;
    input.releaseLock();
    output.releaseLock();
    if (done) {
      await child.stdout.cancel();
      await child.stdin.close().catch(() => {});
      const said = new TextDecoder().decode(await new Response(child.stderr).arrayBuffer()).trim();
      await child.status;
      throw new Error(`Cannot take a lock: ${said || this.#options.inhibit + " ended at once"}`);
    }
    this.#lock = child;
    // stopped while the lock was on its way
    if (this.#stopped) return this.#release();
    child.status.then(() => {
      if (this.#lock !== child) return;
      // taken from us: logind has begun anew
      this.#options.log.info("The lock that holds back a shutdown is lost; taking it again");
      this.#release();
      this.#bus?.close();
    });
  }

  #release(): void {
    const lock = this.#lock;
    this.#lock = undefined;
    if (!lock) return;
    lock.stdin.close().catch(() => {});
    lock.stdout.cancel().catch(() => {});
    lock.stderr.cancel().catch(() => {});
    lock.unref();
  }
}

/** Whether systemd is taking the machine down now: a way down that goes past logind is noticed at our own end only. */
export async function machineIsStopping(program = "systemctl"): Promise<boolean> {
  try {
    const { stdout } = await new Deno.Command(program, { args: ["is-system-running"], stderr: "null" }).output();
    return new TextDecoder().decode(stdout).trim() === "stopping";
  } catch (err) {
    if (err instanceof Deno.errors.NotFound) return false;
    throw new Error(`Cannot ask systemd: ${errorText(err)}`);
  }
}
