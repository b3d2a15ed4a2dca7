/** Bodies of requests: bounded; JSON, YAML or Kubernetes' protobuf. */
import type { Context } from "hono";
import { duplicateFields } from "../../objects/mod.ts";
import { refuseDeep } from "../patch/mod.ts";
import { ApiError, badRequest } from "../status.ts";
import { bodyTooLarge, unsupportedMediaType } from "./errors.ts";

/** What kube-apiserver takes: etcd's limit with room for what is not stored. */
export const bodyLimit = 3 * 1024 * 1024;

const protobuf = "application/vnd.kubernetes.protobuf";
const accepted = ["application/json", "application/yaml", protobuf];

export type Json = Record<string, unknown>;

export interface Body {
  value: Json;
  /** Paths of fields that are there twice. */
  duplicates?: readonly string[];
}

/** The body; throws a 413 for one that is too large, a 400 for one that is cut off. */
async function readBytes(c: Context, limit = bodyLimit): Promise<Uint8Array> {
  const declared = Number(c.req.header("content-length") ?? 0);
  if (declared > limit) throw bodyTooLarge(limit);
  const body = c.req.raw.body;
  if (!body) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      size += value.length;
      if (size > limit) {
        await reader.cancel();
        throw bodyTooLarge(limit);
      }
      chunks.push(value);
    }
  } catch (err) {
    if (err instanceof ApiError) throw err;
    throw badRequest("the body of the request could not be read");
  }
  const whole = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

/** As text; throws a 400 for one that is no UTF-8. */
export async function readText(c: Context, limit = bodyLimit): Promise<string> {
  return textOf(await readBytes(c, limit));
}

function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw badRequest("the body of the request is not UTF-8");
  }
}

export function mediaTypeOf(c: Context): string {
  return (c.req.header("content-type") ?? "").split(";", 1)[0].trim().toLowerCase();
}

/** What a body is taken for where it does not say itself. */
export interface Expected {
  apiVersion: string;
  kind: string;
}

/** A body that is one object; throws a 400, 413 or 415. */
export async function readObject(c: Context, expected?: Expected): Promise<Body> {
  const body = await readOptionalObject(c, expected);
  if (!body) throw badRequest("the body of the request is empty");
  return body;
}

/** The body of a DELETE, which may be empty. */
export async function readOptionalObject(
  c: Context,
  expected: Expected = { apiVersion: "", kind: "" },
): Promise<Body | undefined> {
  const media = mediaTypeOf(c);
  const bytes = await readBytes(c);
  if (bytes.length === 0) return undefined;
  if (media !== "" && !accepted.includes(media)) throw unsupportedMediaType(accepted);
  if (media === protobuf) return { value: await fromProtobuf(bytes, expected) };
  const text = textOf(bytes);
  if (text.trim() === "") return undefined;
  if (media === "application/yaml") return { value: objectOf(await parseYaml(text)) };
  const value = objectOf(parseJson(text));
  refuseDeep(value, "the body of the request");
  return { value, duplicates: duplicateFields(text) };
}

async function fromProtobuf(bytes: Uint8Array, expected: Expected): Promise<Json> {
  const { decodeProtobuf, WireError } = await import("./protobuf/mod.ts");
  try {
    return decodeProtobuf(bytes, expected);
  } catch (err) {
    if (err instanceof WireError) {
      throw badRequest(`the body of the request cannot be read as protobuf: ${err.message}`);
    }
    throw err;
  }
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (err) {
    throw badRequest(`couldn't get version/kind; json parse error: ${(err as Error).message}`);
  }
}

/** The only document of a YAML text, which is slow to read: what is larger comes as JSON. */
export async function parseYaml(text: string): Promise<unknown> {
  const { readYaml, yamlLimits } = await import("../../objects/manifest/yaml.ts");
  if (text.length > yamlLimits.bytes) throw bodyTooLarge(yamlLimits.bytes);
  const documents = readYaml(text).filter(({ value, problems }) => value !== undefined || problems.length > 0);
  const problem = documents.flatMap(({ problems }) => problems)[0];
  if (problem) throw badRequest(`error converting YAML to JSON: yaml: line ${problem.line}: ${problem.message}`);
  if (documents.length > 1) throw badRequest("the body of the request has more than one YAML document");
  return documents[0]?.value;
}

export function objectOf(value: unknown): Json {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw badRequest("couldn't get version/kind; the body of the request is not an object");
  }
  return value as Json;
}
