/** The same request again and again, for so long, over so many connections. */
import { usage } from "../process.ts";
import { Connection, requestBytes, type Target } from "./connection.ts";

export interface RequestsJob {
  target: Target;
  path: string;
  connections: number;
  ms: number;
  /** The server's process. */
  pid: number;
}

export interface RequestsResult {
  perSecond: number;
  p50: number;
  p99: number;
  /** Bytes of an answer's body. */
  bytes: number;
  /** The server's CPU time for one request, ms. */
  cpuMs: number;
}

/** Before anything counts: code is compiled, connections are open. */
const warmMs = 500;

export async function requests({ target, path, connections: count, ms, pid }: RequestsJob): Promise<RequestsResult> {
  const request = requestBytes(target, "GET", path);
  const connections = await Promise.all(Array.from({ length: count }, () => Connection.open(target)));
  try {
    let bytes = 0;
    const untilThen = async (end: number, times: number[]) => {
      await Promise.all(connections.map(async (connection) => {
        for (let now = performance.now(); now < end;) {
          bytes = await connection.ask(request);
          const answered = performance.now();
          times.push(answered - now);
          now = answered;
        }
      }));
    };
    await untilThen(performance.now() + warmMs, []);
    const times: number[] = [];
    const before = usage(pid).cpuNs;
    const began = performance.now();
    await untilThen(began + ms, times);
    const took = performance.now() - began;
    const cpuMs = (usage(pid).cpuNs - before) / 1e6 / times.length;
    times.sort((a, b) => a - b);
    const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))];
    return { perSecond: times.length / took * 1000, p50: at(0.5), p99: at(0.99), bytes, cpuMs };
  } finally {
    for (const connection of connections) connection[Symbol.dispose]();
  }
}
