/**
 * JSON Patch (RFC 6902) as kube-apiserver takes it: at most 10,000 operations, an index of −1 is the last element, what
 * `copy` makes is bounded. A patch that cannot be read is a 400, one that does not fit the object a 422.
 */
import { deepEqual } from "../../objects/equality.ts";
import { ApiError, badRequest } from "../status.ts";
import { copy, isMap, type JsonMap, refuseDeep, setField } from "./json.ts";

const maxOperations = 10_000;
/** As many characters as a request may have bytes. */
const maxCopied = 3 * 1024 * 1024;

type Operation =
  | { op: "add" | "replace" | "test"; path: string[]; value: unknown }
  | { op: "remove"; path: string[] }
  | { op: "move" | "copy"; path: string[]; from: string[] };

/** What went wrong inside a patch; the client is told less. */
class Mismatch extends Error {}

/** Applies the operations in order to a copy of `current`. */
export function jsonPatch(current: object, patch: unknown): object {
  const operations = readPatch(patch);
  const root = { document: copy<unknown>(current) };
  let copied = 0;
  try {
    for (const operation of operations) {
      if ("from" in operation && operation.from.length === 0) throw missing([]);
      if (operation.op === "copy") {
        copied += JSON.stringify(readOrNull(root, operation.from)).length;
        if (copied > maxCopied) throw new Mismatch(`copies more than ${maxCopied} bytes`);
      }
      perform(root, operation);
    }
    if (!isMap(root.document)) throw new Mismatch("leaves no object");
  } catch (err) {
    if (!(err instanceof Mismatch)) throw err;
    throw new ApiError(
      422,
      "Invalid",
      "the server rejected our request due to an error in our request",
      {},
      { cause: err },
    );
  }
  refuseDeep(root.document);
  return root.document;
}

function readPatch(patch: unknown): Operation[] {
  if (!Array.isArray(patch)) throw badRequest("error decoding patch: a JSON patch must be a list of operations");
  if (patch.length > maxOperations) {
    const text = `The allowed maximum operations in a JSON patch is ${maxOperations}, got ${patch.length}`;
    throw new ApiError(413, "RequestEntityTooLarge", `Request entity too large: ${text}`);
  }
  return patch.map(readOperation);
}

function readOperation(value: unknown, index: number): Operation {
  const wrong = (problem: string) => badRequest(`error decoding patch: operation ${index}: ${problem}`);
  if (!isMap(value)) throw wrong("must be an object");
  const pointer = (name: "path" | "from") => {
    const text = Object.hasOwn(value, name) ? value[name] : undefined;
    if (typeof text !== "string") throw wrong(`${name} must be a string`);
    if (text !== "" && !text.startsWith("/")) throw wrong(`${name} ${JSON.stringify(text)} must start with "/"`);
    return text.split("/").slice(1).map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
  };
  switch (value.op) {
    case "add":
    case "replace":
    case "test":
      // as there, a test without a value is a test for null
      if (value.op !== "test" && !Object.hasOwn(value, "value")) throw wrong("value is missing");
      return { op: value.op, path: pointer("path"), value: value.value ?? null };
    case "remove":
      return { op: "remove", path: pointer("path") };
    case "move":
    case "copy":
      return { op: value.op, path: pointer("path"), from: pointer("from") };
    default:
      throw wrong(`unexpected kind ${JSON.stringify(value.op) ?? "nothing"}`);
  }
}

interface Root {
  document: unknown;
}

function perform(root: Root, operation: Operation): void {
  const { path } = operation;
  switch (operation.op) {
    case "add":
      return add(root, path, copy(operation.value));
    case "remove":
      return remove(root, path);
    case "replace":
      // as there, a key that its mapping does not have may be replaced too
      readOrNull(root, path);
      if (path.length === 0) root.document = copy(operation.value);
      else put(containerOf(root, path), path.at(-1)!, copy(operation.value));
      return;
    case "move": {
      const { from } = operation;
      const value = read(root, from);
      remove(root, from);
      return add(root, path, value);
    }
    case "copy":
      return add(root, path, copy(readOrNull(root, operation.from)));
    case "test":
      if (!deepEqual(readOrNull(root, path), operation.value)) {
        throw new Mismatch(`testing value /${path.join("/")} failed`);
      }
      return;
    default:
      operation satisfies never;
  }
}

/** The mapping or list that a path's last part is in. */
function containerOf(root: Root, path: readonly string[]): JsonMap | unknown[] {
  let value: unknown = root.document;
  for (const part of path.slice(0, -1)) value = child(value, part, path);
  if (!isMap(value) && !Array.isArray(value)) throw missing(path);
  return value;
}

function child(value: unknown, part: string, path: readonly string[]): unknown {
  if (Array.isArray(value)) return value[index(value, part, value.length - 1)];
  if (isMap(value) && Object.hasOwn(value, part)) return value[part];
  throw missing(path);
}

function read(root: Root, path: readonly string[]): unknown {
  if (path.length === 0) return root.document;
  return child(containerOf(root, path), path.at(-1)!, path);
}

/** As `read`; a key that its mapping does not have is null. */
function readOrNull(root: Root, path: readonly string[]): unknown {
  if (path.length === 0) return root.document;
  const container = containerOf(root, path);
  if (isMap(container) && !Object.hasOwn(container, path.at(-1)!)) return null;
  return child(container, path.at(-1)!, path);
}

function add(root: Root, path: readonly string[], value: unknown): void {
  if (path.length === 0) throw missing(path); // the whole object can be replaced and tested only
  const container = containerOf(root, path);
  const key = path.at(-1)!;
  if (!Array.isArray(container)) return setField(container, key, value);
  if (key === "-") container.push(value);
  // one more place than there are elements, from either end
  else container.splice(index(container, key, container.length), 0, value);
}

function put(container: JsonMap | unknown[], key: string, value: unknown): void {
  if (Array.isArray(container)) container[index(container, key, container.length - 1)] = value;
  else setField(container, key, value);
}

function remove(root: Root, path: readonly string[]): void {
  if (path.length === 0) throw missing(path);
  read(root, path);
  const container = containerOf(root, path);
  if (Array.isArray(container)) container.splice(index(container, path.at(-1)!, container.length - 1), 1);
  else delete container[path.at(-1)!];
}

/** A list's index as it is written in a path, negative ones counted from behind. */
function index(list: readonly unknown[], text: string, most: number): number {
  const number = /^(-?[1-9]\d{0,8}|0)$/.test(text) ? Number(text) : NaN;
  const found = number < 0 ? number + most + 1 : number;
  if (!(found >= 0 && found <= most)) throw new Mismatch(`index ${text} of a list of ${list.length}`);
  return found;
}

function missing(path: readonly string[]): Mismatch {
  return new Mismatch(`/${path.join("/")} is not there`);
}
