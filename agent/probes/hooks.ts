/**
 * Lifecycle hooks: postStart and preStop, each run once, to its end or its deadline.
 *
 * As with kubelet any HTTP answer, whatever its status, is a hook that worked: the container was told. A command must
 * exit with 0. The caller records the event (FailedPostStartHook, FailedPreStopHook), without the error's message: what
 * a server answers may hold secrets.
 */
import { type Clock, systemClock } from "../clock.ts";
import { formatDuration } from "../duration.ts";
import { errorText } from "../telemetry/log.ts";
import { isDeadline, outputText, schemeOf, tcpConnect } from "./handlers.ts";
import { httpGet, isPlainHttp } from "./http_get.ts";
import { resolveHost, resolvePort } from "./target.ts";
import type { ExecSync, HookHandler, HttpGetAction, ProbeTarget } from "./types.ts";

export interface HookTarget extends ProbeTarget {
  /** `name_namespace(uid)` in kubelet's words. */
  pod: { name: string; namespace: string; uid: string };
}

export interface HookOptions {
  /** The remaining grace of a preStop hook; absent: as long as it takes. */
  timeoutMs?: number;
  signal?: AbortSignal;
  exec: ExecSync;
  clock?: Clock;
}

/** A hook that failed; the message is kubelet's. */
export class HookError extends Error {
  override name = "HookError";
  /** True when the hook was cut off by `timeoutMs`. */
  timedOut: boolean;

  constructor(message: string, options: ErrorOptions & { timedOut?: boolean } = {}) {
    super(message, options);
    this.timedOut = options.timedOut ?? false;
  }
}

/**
 * Runs a hook to its end. Rejects with a HookError when it fails or its time is over, and with the signal's reason
 * when the signal aborts.
 */
export async function runHook(handler: HookHandler, target: HookTarget, options: HookOptions): Promise<void> {
  const { timeoutMs, signal, exec, clock = systemClock } = options;
  signal?.throwIfAborted();
  const own = new AbortController();
  const forward = () => own.abort(signal!.reason);
  signal?.addEventListener("abort", forward, { once: true });
  const cancel = timeoutMs === undefined ? () => {} : clock.after(timeoutMs, () => own.abort(timeUp));
  try {
    await run(handler, target, timeoutMs, own.signal, exec, clock);
  } catch (err) {
    signal?.throwIfAborted();
    const timedOut = own.signal.aborted || isDeadline(err);
    const found = handler.exec ? errorText(err) : (err as Error).message;
    const why = timedOut ? `timed out after ${formatDuration(timeoutMs ?? 0)}` : found;
    throw new HookError(failureText(handler, target, why, err), { cause: err, timedOut });
  } finally {
    cancel();
    signal?.removeEventListener("abort", forward);
  }
}

/** A command without a limit gets one that it never reaches. */
const longestMs = 7 * 24 * 3600 * 1000;

const timeUp = new DOMException("The hook's time is over", "TimeoutError");

async function run(
  handler: HookHandler,
  target: HookTarget,
  timeoutMs: number | undefined,
  signal: AbortSignal,
  exec: ExecSync,
  clock: Clock,
): Promise<void> {
  if (handler.exec) {
    const command = [...handler.exec.command ?? []];
    const { exitCode, stdout, stderr } = await untilAborted(
      exec(target.containerId, command, timeoutMs ?? longestMs, signal),
      signal,
    );
    if (exitCode !== 0) throw new ExitError(command, exitCode, outputText(stdout, stderr));
  } else if (handler.httpGet) {
    await runHttp(handler.httpGet, target, signal);
  } else if (handler.tcpSocket) {
    const { host, port } = handler.tcpSocket;
    await tcpConnect(resolveHost(host, target), resolvePort(port, target.container), signal);
  } else if (handler.sleep) {
    await sleep(handler.sleep.seconds * 1000, signal, clock);
  } else {
    throw new Error("invalid handler: none of exec, httpGet, tcpSocket, sleep is set");
  }
}

/** kubelet falls back to plain HTTP when a server that was to speak HTTPS turns out not to. */
async function runHttp(action: HttpGetAction, target: HookTarget, signal: AbortSignal): Promise<void> {
  const request = {
    host: resolveHost(action.host, target),
    port: action.port === "" ? 80 : resolvePort(action.port, target.container),
    path: action.path,
    headers: action.httpHeaders,
    signal,
  };
  try {
    await httpGet({ ...request, scheme: schemeOf(action.scheme) });
  } catch (err) {
    if (!isPlainHttp(err)) throw err;
    await httpGet({ ...request, scheme: "http" });
  }
}

function sleep(ms: number, signal: AbortSignal, clock: Clock): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const onAbort = () => {
      cancel();
      reject(signal.reason);
    };
    const cancel = clock.after(ms, () => {
      signal.removeEventListener("abort", onAbort);
      resolve();
    });
    signal.addEventListener("abort", onAbort, { once: true });
  });
}

/** An exec whose runtime does not answer the abort does not hold up its caller. */
function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}

class ExitError extends Error {
  constructor(command: string[], exitCode: number, readonly output: string) {
    super(`command '${command.join(" ")}' exited with ${exitCode}: ${output.trimEnd()}`);
  }
}

function failureText(handler: HookHandler, target: HookTarget, why: string, err: unknown): string {
  const { name, namespace, uid } = target.pod;
  const where = `for Container ${JSON.stringify(target.container.name)} in Pod "${name}_${namespace}(${uid})" failed`;
  const output = err instanceof ExitError ? err.output : "";
  if (handler.exec) {
    const command = (handler.exec.command ?? []).join(" ");
    return `Exec lifecycle hook ([${command}]) ${where} - error: ${why}, message: ${JSON.stringify(output)}`;
  }
  if (handler.httpGet) return `HTTP lifecycle hook (${handler.httpGet.path ?? ""}) ${where} - error: ${why}`;
  if (handler.tcpSocket) return `TCP lifecycle hook (${handler.tcpSocket.port}) ${where} - error: ${why}`;
  return `Sleep lifecycle hook (${handler.sleep?.seconds ?? 0}) ${where} - error: ${why}`;
}
