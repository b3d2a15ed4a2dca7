/** JSON of stored objects, made once as long as the object is the same: they are frozen, and read more than written. */

/** Texts that are kept; larger objects are seldom asked for twice. */
const longest = 16 * 1024;

const texts = new WeakMap<object, string>();

export function objectJson(object: object): string {
  let text = texts.get(object);
  if (text === undefined) {
    text = JSON.stringify(object);
    if (text.length <= longest && Object.isFrozen(object)) texts.set(object, text);
  }
  return text;
}

/** As `objectJson`, for what is not likely to be asked for again. */
export function passingJson(object: object): string {
  return texts.get(object) ?? JSON.stringify(object);
}

/** A list that is written item by item. */
export class JsonList {
  constructor(private readonly head: Record<string, unknown>, private readonly items: readonly object[]) {}

  text(): string {
    const head = JSON.stringify(this.head);
    return `${head.slice(0, -1)},"items":[${this.items.map(objectJson).join(",")}]}`;
  }

  toJSON(): unknown {
    return { ...this.head, items: this.items };
  }
}

/** The JSON of an answer. */
export function answerJson(value: unknown): string {
  if (value instanceof JsonList) return value.text();
  return typeof value === "object" && value !== null ? objectJson(value) : JSON.stringify(value);
}
