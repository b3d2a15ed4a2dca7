/** What DNS tells those who count. Every method is called as it happens, and must be cheap and never throw. */
import type { Transport } from "./query.ts";
import type { Server } from "./resolv_conf.ts";

/** A client's query and its reply. */
export interface Exchange {
  transport: Transport;
  /** `A`, `AAAA` … */
  type: string;
  /** Whether the name lies in what the cluster's records are about. */
  isOurs: boolean;
  rcode: number;
  queryBytes: number;
  replyBytes: number;
  ms: number;
}

export interface DnsObserver {
  replied(exchange: Exchange): void;
  /** Another server was asked; without a code it did not answer. */
  asked(server: Server, ms: number, rcode?: number): void;
  /** Another server was found dead. */
  died(server: Server): void;
}
