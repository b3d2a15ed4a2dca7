/** Handlers, probes and lifecycle hooks. */
import {
  int,
  lazily,
  list,
  neededInt,
  neededIntOrString,
  neededText,
  object,
  opt,
  text,
  texts,
  word,
  type z,
} from "./schema.ts";

export const execAction = lazily(() => object({ command: texts }));
export interface ExecAction extends z.infer<ReturnType<typeof execAction>> {}

export const httpGetAction = lazily(() =>
  object({
    path: text,
    port: neededIntOrString,
    host: text,
    scheme: word("HTTP", "HTTPS"),
    httpHeaders: list(object({ name: neededText, value: neededText })),
  })
);
export interface HTTPGetAction extends z.infer<ReturnType<typeof httpGetAction>> {}

export const tcpSocketAction = lazily(() => object({ port: neededIntOrString, host: text }));
export interface TCPSocketAction extends z.infer<ReturnType<typeof tcpSocketAction>> {}

export const grpcAction = lazily(() => object({ port: neededInt, service: text }));
export interface GRPCAction extends z.infer<ReturnType<typeof grpcAction>> {}

export const probe = lazily(() =>
  object({
    exec: opt(execAction()),
    httpGet: opt(httpGetAction()),
    tcpSocket: opt(tcpSocketAction()),
    grpc: opt(grpcAction()),
    initialDelaySeconds: int,
    timeoutSeconds: int,
    periodSeconds: int,
    successThreshold: int,
    failureThreshold: int,
    terminationGracePeriodSeconds: int,
  })
);
export interface Probe extends z.infer<ReturnType<typeof probe>> {}

export const lifecycleHandler = lazily(() =>
  object({
    exec: opt(execAction()),
    httpGet: opt(httpGetAction()),
    tcpSocket: opt(tcpSocketAction()),
    sleep: opt(object({ seconds: neededInt })),
  })
);
export interface LifecycleHandler extends z.infer<ReturnType<typeof lifecycleHandler>> {}

export const lifecycle = lazily(() =>
  object({ postStart: opt(lifecycleHandler()), preStop: opt(lifecycleHandler()), stopSignal: text })
);
export interface Lifecycle extends z.infer<ReturnType<typeof lifecycle>> {}
