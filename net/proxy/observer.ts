/** What the proxy tells those who count. Every method is called as it happens, and must be cheap and never throw. */
import { type Family } from "../addr.ts";

/** One family's table, made to be as wanted or not. */
export interface Sync {
  family: Family;
  ms: number;
  /** Milliseconds since the oldest wish that is fulfilled by it, where there was one: a further try has none. */
  waitedMs?: number;
  /** Frontends that changed in the kernel. */
  changes: number;
  /** Frontends that the kernel refused. */
  refusals: number;
  /** Nothing could be done at all. */
  failed: boolean;
}

export interface ProxyObserver {
  /** So many services or their endpoints are other than the last time. */
  changed(services: number): void;
  synced(sync: Sync): void;
}
