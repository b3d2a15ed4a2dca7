/** Names of images, as distribution/reference reads them: `[host[:port]/]path[:tag][@digest]`. */

export interface ImageReference {
  /** `docker.io` where the name has none. */
  registry: string;
  /** With `library/` where Docker's registry puts it. */
  path: string;
  tag?: string;
  digest?: string;
  /** What the runtime is asked for: the name as written, `:latest` added where neither tag nor digest is given. */
  text: string;
}

const label = "(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])";
const hostPattern = new RegExp(`^(?:${label}(?:\\.${label})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?$`);
const pathPattern = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const tagPattern = /^\w[\w.-]{0,127}$/;
const digestPattern = /^[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}$/;

/** Reads a name; throws an Error in the words of the reference grammar. */
export function parseReference(image: string): ImageReference {
  const invalid = (detail = "") =>
    new Error(`couldn't parse image name ${JSON.stringify(image)}: invalid reference format${detail}`);
  let rest = image;
  let digest: string | undefined, tag: string | undefined;
  const at = rest.indexOf("@");
  if (at >= 0) {
    digest = rest.slice(at + 1);
    rest = rest.slice(0, at);
    if (!digestPattern.test(digest)) throw invalid();
  }
  const colon = rest.indexOf(":", rest.lastIndexOf("/") + 1);
  if (colon >= 0) {
    tag = rest.slice(colon + 1);
    rest = rest.slice(0, colon);
    if (!tagPattern.test(tag)) throw invalid();
  }
  const slash = rest.indexOf("/");
  const first = slash < 0 ? "" : rest.slice(0, slash);
  const isHost = first === "localhost" || /[.:\[]/.test(first) || first.toLowerCase() !== first;
  let registry = isHost ? first : "docker.io";
  let path = isHost ? rest.slice(slash + 1) : rest;
  if (registry === "index.docker.io") registry = "docker.io";
  if (!hostPattern.test(registry)) throw invalid();
  if (!pathPattern.test(path)) {
    throw invalid(pathPattern.test(path.toLowerCase()) ? `: repository name (${path}) must be lowercase` : "");
  }
  if (path.length + registry.length > 255) throw invalid(": repository name must not be more than 255 characters");
  if (registry === "docker.io" && !path.includes("/")) path = `library/${path}`;
  return {
    registry,
    path,
    ...(tag === undefined ? (digest === undefined ? { tag: "latest" } : {}) : { tag }),
    ...(digest === undefined ? {} : { digest }),
    text: tag === undefined && digest === undefined ? `${image}:latest` : image,
  };
}
