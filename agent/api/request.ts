/**
 * What the API knows of a request besides its HTTP: who asks, through which door, and which resource it is about.
 *
 *     server/ (TLS, sockets, limits) ─► auth/ (user, may they?) ─► kube/ (resources), kubelet/, page/
 */

/** Who asks, as authentication found out: `user.Info` of Kubernetes. */
export interface UserInfo {
  name: string;
  uid?: string;
  groups: readonly string[];
  extra?: Readonly<Record<string, readonly string[]>>;
}

/** A connection that was taken over from HTTP. */
export interface UpgradedSocket {
  /** What is read is the reader's until it reads again. */
  readable: ReadableStream<Uint8Array>;
  /** `write()` resolves when the peer has taken the bytes or they fit into the connection's buffer. */
  writable: WritableStream<Uint8Array>;
  /** Ends the connection at once, both ways. */
  close(): void;
}

/** An HTTP upgrade that waits for its answer: either `accept` is called once, or the route returns a Response. */
export interface Upgrade {
  /** Answers `101 Switching Protocols` with these headers and hands the connection over. */
  accept(headers: Record<string, string>): UpgradedSocket;
}

/** How a request came in. Given to Hono as bindings: `c.env`. */
export interface RequestEnv {
  /** socket: root on the machine, authenticated by the file's mode. */
  door: "socket" | "tls" | "kubelet";
  /** Set by auth/ before any other route is asked; on the socket it is `system:admin` in `system:masters`. */
  user?: UserInfo;
  /** The client certificate, already verified against our CA: subject's CN and O. */
  certificate?: { commonName: string; organizations: string[] };
  /** Why the client's certificate does not count: another CA's, ended, not for clients. */
  certificateError?: string;
  /** Address and port of the client; undefined on the socket. */
  remote?: string;
  upgrade?: Upgrade;
  /** The client may take its time with the answer: a log that somebody reads page by page. */
  patient?(): void;
  /** Calls `ended` when the answer is sent, or the client has gone. */
  onEnd?(ended: () => void): void;
}

export interface AppEnv {
  Bindings: RequestEnv;
  Variables: { info: RequestInfo };
}

export type Verb =
  | "get"
  | "list"
  | "watch"
  | "create"
  | "update"
  | "patch"
  | "delete"
  | "deletecollection";

/** `RequestInfo` of Kubernetes' apiserver library: what authorization and dispatch go by. */
export interface RequestInfo {
  /** Whether the path is one of a resource (`/api/v1/…`, `/apis/GROUP/VERSION/…`). */
  isResource: boolean;
  path: string;
  /** A resource verb, or the HTTP method in lower case for other paths. */
  verb: string;
  /** "" for the core group. */
  group: string;
  version: string;
  resource: string;
  subresource: string;
  /** "" for cluster-wide requests. A namespace itself is the resource `namespaces` with its own name as namespace. */
  namespace: string;
  name: string;
  /** Path after the subresource, without a leading slash (proxy-like subresources). */
  rest: string;
}

const byMethod: Record<string, string> = {
  POST: "create",
  PUT: "update",
  PATCH: "patch",
  DELETE: "delete",
  GET: "get",
  HEAD: "get",
};

/** Reads a request's path and method, as `RequestInfoFactory.NewRequestInfo` does. */
export function requestInfo(method: string, path: string, query: URLSearchParams): RequestInfo {
  const info: RequestInfo = {
    isResource: false,
    path,
    verb: method.toLowerCase(),
    group: "",
    version: "",
    resource: "",
    subresource: "",
    namespace: "",
    name: "",
    rest: "",
  };
  const all = path.split("/").filter((part) => part !== "").map(decode);
  let parts: string[];
  if (all[0] === "api" && all.length >= 3) {
    info.version = all[1];
    parts = all.slice(2);
  } else if (all[0] === "apis" && all.length >= 4) {
    [, info.group, info.version] = all;
    parts = all.slice(3);
  } else return info;
  info.isResource = true;
  info.verb = byMethod[method] ?? method.toLowerCase();
  if (parts[0] === "namespaces" && parts.length > 1) {
    info.namespace = parts[1];
    // `namespaces/NAME/status` and `…/finalize` are subresources of the namespace itself
    if (parts.length > 2 && parts[2] !== "status" && parts[2] !== "finalize") parts = parts.slice(2);
  }
  [info.resource = "", info.name = "", info.subresource = ""] = parts;
  info.rest = parts.slice(3).join("/");
  if (info.name === "" && info.verb === "get") info.verb = "list";
  if (info.name === "" && info.verb === "delete") info.verb = "deletecollection";
  const watch = query.get("watch");
  if ((info.verb === "list" || info.verb === "get") && info.subresource === "" && (watch === "true" || watch === "1")) {
    info.verb = "watch";
  }
  return info;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
