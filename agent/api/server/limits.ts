/** Requests whose body has no limit, because it is passed on as it comes: archives of images. */
export const streamed = /^POST \/islet\/v1\/images\/import\/?(\?|$)/;

/** What one door of the API takes. The defaults suit a small machine: many idle clients, few large requests. */

export interface Limits {
  /** Bytes of a request's body: etcd's and so kube-apiserver's limit. */
  body: number;
  /** Bytes of a request's line and headers. A long command of `kubectl exec` is in the line. */
  head: number;
  /** Number of a request's headers. */
  headers: number;
  /** Time for a request's line and headers, from the connection's opening or the last answer's end. */
  headMs: number;
  /** Time for a request's body; of one that is passed on as it comes, for each piece. */
  bodyMs: number;
  /** Time that a connection may be without a request. Go's clients drop theirs after 90 s. */
  idleMs: number;
  /** Time in which a client must take some of an answer that waits for it. */
  stalledMs: number;
  /** Connections at once. */
  connections: number;
}

export const defaultLimits: Limits = {
  body: 3 * 1024 * 1024,
  head: 64 * 1024,
  headers: 200,
  headMs: 20_000,
  bodyMs: 60_000,
  idleMs: 100_000,
  stalledMs: 60_000,
  connections: 1024,
};
