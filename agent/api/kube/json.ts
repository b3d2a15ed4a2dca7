/**
 * JSON of stored objects as bytes, made once as long as the object is the same: they are frozen, and read more than
 * written. Every text ends with a newline.
 */

/** Texts that are kept; larger objects are seldom asked for twice. */
const longest = 16 * 1024;
/** A list is written in pieces of about this size, each made when the client takes it. */
const pieceSize = 64 * 1024;

type Bytes = Uint8Array<ArrayBuffer>;

const encoder = new TextEncoder();
const known = new WeakMap<object, Bytes>();

export function objectBytes(object: object): Bytes {
  let bytes = known.get(object);
  if (bytes === undefined) {
    bytes = passingBytes(object);
    if (bytes.length <= longest && Object.isFrozen(object)) known.set(object, bytes);
  }
  return bytes;
}

/** As `objectBytes`, for what is not likely to be asked for again. */
export function passingBytes(object: object): Bytes {
  return known.get(object) ?? encoder.encode(`${JSON.stringify(object)}\n`);
}

/** Pieces as one. */
export function joined(parts: readonly Uint8Array[], size = sizeOf(parts)): Bytes {
  const whole = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

const sizeOf = (parts: readonly Uint8Array[]) => parts.reduce((size, { length }) => size + length, 0);

const comma = encoder.encode(",");
const listEnd = encoder.encode("]}\n");

/** A list that is written item by item. */
export class JsonList {
  constructor(private readonly head: Record<string, unknown>, private readonly items: readonly object[]) {}

  /** All of it, in many parts that are others' as well. */
  parts(): Uint8Array[] {
    const parts: Uint8Array[] = [encoder.encode(`${JSON.stringify(this.head).slice(0, -1)},"items":[`)];
    for (const item of this.items) {
      if (parts.length > 1) parts.push(comma);
      parts.push(objectBytes(item).subarray(0, -1));
    }
    parts.push(listEnd);
    return parts;
  }

  toJSON(): unknown {
    return { ...this.head, items: this.items };
  }
}

/** The JSON of an answer: whole, or in pieces when it is long. */
export function answerBody(value: object): { body: Bytes | ReadableStream<Uint8Array>; length: number } {
  if (!(value instanceof JsonList)) {
    const body = objectBytes(value);
    return { body, length: body.length };
  }
  const parts = value.parts();
  const length = sizeOf(parts);
  return { body: length <= pieceSize ? joined(parts, length) : piecewise(parts), length };
}

/** Parts, put together to pieces as they are asked for. */
function piecewise(parts: readonly Uint8Array[]): ReadableStream<Uint8Array> {
  let next = 0;
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      const first = next;
      for (let size = 0; next < parts.length && size < pieceSize; next++) size += parts[next].length;
      controller.enqueue(joined(parts.slice(first, next)));
      if (next === parts.length) controller.close();
    },
  }, { highWaterMark: 0 });
}
