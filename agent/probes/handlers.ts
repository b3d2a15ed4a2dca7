/**
 * One attempt of one probe: a function per handler, each answering with an outcome in kubelet's words and never
 * rejecting. `runProbe()` picks the handler and keeps the time.
 *
 *   httpGet    200–399 is success, a redirect to another host success with a warning
 *   tcpSocket  an accepted connection is success
 *   exec       exit code 0 is success
 *   grpc       grpc.health.v1.Health/Check answering SERVING is success
 */
import { type Clock, systemClock } from "../clock.ts";
import { formatDuration } from "../duration.ts";
import { errorText } from "../telemetry/log.ts";
import { httpGet } from "./http_get.ts";
import { connect } from "./link.ts";
import { joinHostPort, networkErrorText, resolveHost, resolvePort } from "./target.ts";
import type {
  ExecAction,
  ExecSync,
  GrpcAction,
  HttpGetAction,
  ProbeHandler,
  ProbeOutcome,
  ProbeTarget,
  TcpSocketAction,
} from "./types.ts";

export interface AttemptOptions {
  timeoutMs: number;
  /** The attempt's own, which ends it when its time is over. Who aborts it before gets an error for an outcome. */
  controller?: AbortController;
  exec: ExecSync;
  clock?: Clock;
}

/** What the runtime may take on top of a command's own timeout before islet stops waiting for its answer. */
const execMarginMs = 5_000;

/** Runs the probe's handler once. Never rejects. */
export async function runProbe(
  handler: ProbeHandler,
  target: ProbeTarget,
  { timeoutMs, controller = new AbortController(), exec, clock = systemClock }: AttemptOptions,
): Promise<ProbeOutcome> {
  const { signal } = controller;
  if (signal.aborted) return { result: "error", message: "canceled" };
  const cancel = clock.after(handler.exec ? timeoutMs + execMarginMs : timeoutMs, () => controller.abort(timedOut));
  try {
    let outcome: ProbeOutcome;
    if (handler.httpGet) outcome = await probeHttp(handler.httpGet, target, signal);
    else if (handler.tcpSocket) outcome = await probeTcp(handler.tcpSocket, target, signal);
    else if (handler.exec) outcome = await probeExec(handler.exec, target, exec, timeoutMs, signal);
    else if (handler.grpc) outcome = await probeGrpc(handler.grpc, target, timeoutMs, signal);
    else outcome = { result: "error", message: `missing probe handler for ${target.container.name}` };
    const canceled = signal.aborted && signal.reason !== timedOut;
    return canceled ? { result: "error", message: "canceled" } : outcome;
  } catch (err) {
    return { result: "error", message: errorText(err) };
  } finally {
    cancel();
  }
}

const timedOut = new DOMException("The probe's timeout has passed", "TimeoutError");

async function probeHttp(action: HttpGetAction, target: ProbeTarget, signal: AbortSignal): Promise<ProbeOutcome> {
  const address = {
    scheme: schemeOf(action.scheme),
    host: resolveHost(action.host, target),
    port: resolvePort(action.port, target.container),
  };
  try {
    const { status, body } = await httpGet({ ...address, path: action.path, headers: action.httpHeaders, signal });
    if (status >= 300 && status < 400) {
      return { result: "warning", message: `Probe terminated redirects, Response body: ${body}` };
    }
    if (status >= 200 && status < 300) return { result: "success", message: body };
    return { result: "failure", message: `HTTP probe failed with statuscode: ${status}` };
  } catch (err) {
    return { result: "failure", message: (err as Error).message };
  }
}

/** The API writes schemes in capitals. */
export function schemeOf(scheme: string | undefined): "http" | "https" {
  return scheme?.toLowerCase() === "https" ? "https" : "http";
}

async function probeTcp(action: TcpSocketAction, target: ProbeTarget, signal: AbortSignal): Promise<ProbeOutcome> {
  const host = resolveHost(action.host, target);
  const port = resolvePort(action.port, target.container);
  try {
    await tcpConnect(host, port, signal);
    return { result: "success", message: "" };
  } catch (err) {
    return { result: "failure", message: (err as Error).message };
  }
}

/** Connects and lets go again; rejects in Go's words. */
export async function tcpConnect(host: string, port: number, signal: AbortSignal): Promise<void> {
  try {
    (await connect(host, port, signal)).close();
  } catch (err) {
    const what = signal.aborted ? "i/o timeout" : networkErrorText(err);
    throw new Error(`dial tcp ${joinHostPort(host, port)}: ${what}`, { cause: err });
  }
}

async function probeExec(
  action: ExecAction,
  target: ProbeTarget,
  exec: ExecSync,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<ProbeOutcome> {
  const command = [...action.command ?? []];
  try {
    const { exitCode, stdout, stderr } = await exec(target.containerId, command, timeoutMs, signal);
    const output = outputText(stdout, stderr);
    return { result: exitCode === 0 ? "success" : "failure", message: output };
  } catch (err) {
    if (isDeadline(err) || signal.reason === timedOut) {
      const message = `command timed out: ${JSON.stringify(command.join(" "))} timed out after ${
        formatDuration(timeoutMs)
      }`;
      return { result: "failure", message };
    }
    return { result: "error", message: errorText(err) };
  }
}

/** Standard output, then standard error, at most 10 KiB. */
export function outputText(stdout: Uint8Array | string, stderr: Uint8Array | string): string {
  const text = (part: Uint8Array | string) =>
    typeof part === "string" ? part : new TextDecoder().decode(part.subarray(0, 10 * 1024));
  return (text(stdout) + text(stderr)).slice(0, 10 * 1024);
}

/** Whether the runtime ended the command because its time was over. */
export function isDeadline(err: unknown): boolean {
  const code = (err as { code?: unknown } | undefined)?.code;
  return code === "deadline_exceeded" || code === 4;
}

function probeGrpc(
  action: GrpcAction,
  target: ProbeTarget,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<ProbeOutcome> | ProbeOutcome {
  const host = resolveHost(undefined, target);
  const port = resolvePort(action.port, target.container);
  return import("./grpc_health.ts").then(({ grpcHealth }) =>
    grpcHealth({ host, port, service: action.service ?? "", timeoutText: formatDuration(timeoutMs), signal })
  );
}
