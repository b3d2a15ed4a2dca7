/** Kubelet's API of a node for tests: pods in a list, a runtime that answers what it is told to. */
import type { Hono } from "hono";
import { ManualClock } from "../../clock.ts";
import type { Pod } from "../../objects/mod.ts";
import type { ObservedPod } from "../../observed/types.ts";
import { silentLogger } from "../../telemetry/log.ts";
import type { AppEnv } from "../request.ts";
import { StreamLimit } from "../streams/mod.ts";
import { createKubeletApp, type KubeletDeps } from "./mod.ts";

export interface TestKubelet {
  app: Hono<AppEnv>;
  pods: Pod[];
  observed: ObservedPod[];
  /** What execSync was asked for. */
  ran: unknown[];
}

export function testKubelet(more: Partial<KubeletDeps> = {}): TestKubelet {
  const pods: Pod[] = [], observed: ObservedPod[] = [], ran: unknown[] = [];
  const unused = () => Promise.reject(new Error("no runtime"));
  const bytes = (text: string) => new TextEncoder().encode(text);
  const app = createKubeletApp({
    config: { podLogsDir: "/nonexistent" },
    store: {
      get: (realm: string, _kind: string, namespace: string, name: string) =>
        realm === "local"
          ? pods.find(({ metadata }) => metadata.namespace === namespace && metadata.name === name)
          : undefined,
      watch: () => () => {},
    } as unknown as KubeletDeps["store"],
    observer: { get: (uid) => observed.find((pod) => pod.uid === uid) },
    cri: {
      runtime: {
        exec: unused,
        attach: unused,
        portForward: unused,
        execSync: (request) => {
          ran.push(request);
          const [program] = request.cmd ?? [];
          return Promise.resolve({
            $typeName: "runtime.v1.ExecSyncResponse",
            stdout: bytes("out\n"),
            stderr: bytes("err\n"),
            exitCode: program === "false" ? 1 : 0,
          });
        },
      },
    },
    log: silentLogger,
    clock: new ManualClock(),
    closing: new AbortController().signal,
    limit: new StreamLimit(10),
    pods: () => pods,
    observed: () => observed,
    configuration: () => ({ maxPods: 7 }),
    unhealthy: () => undefined,
    ...more,
  });
  return { app, pods, observed, ran };
}

/** What the runtime has of a pod: a sandbox and containers that run. */
export function observedPod(name: string, containers: string[], state: "running" | "exited" = "running"): ObservedPod {
  const uid = `uid-${name}`;
  return {
    uid,
    namespace: "default",
    name,
    sandboxes: [{ id: `sandbox-${name}`, ready: state === "running" }],
    containers: containers.map((each) => ({ id: `${each}-1`, name: each, image: "web:1", state, podUid: uid })),
    observedAt: 0,
  } as unknown as ObservedPod;
}
