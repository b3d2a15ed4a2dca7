/** Standard output and error of the verbs. A reader that has gone away (`| head`) ends the program as it ends others. */
const encoder = new TextEncoder();
/** 128 + SIGPIPE. */
const brokenPipe = 141;

export function write(data: Uint8Array, to: { writeSync(data: Uint8Array): number } = Deno.stdout): void {
  try {
    for (let at = 0; at < data.length;) at += to.writeSync(data.subarray(at));
  } catch (err) {
    if (err instanceof Deno.errors.BrokenPipe) Deno.exit(brokenPipe);
    throw err;
  }
}

export function print(text: string): void {
  write(encoder.encode(text + "\n"));
}

export function warn(text: string): void {
  write(encoder.encode(text + "\n"), Deno.stderr);
}

/** JSON as kubectl indents it. */
export function printJson(value: unknown): void {
  print(JSON.stringify(value, undefined, 4));
}

export async function printYaml(value: unknown): Promise<void> {
  const { stringify } = await import("../objects/yaml_text.ts");
  const options = {
    sortMapEntries: true,
    indentSeq: false,
    lineWidth: 0,
    aliasDuplicateObjects: false,
    compat: "yaml-1.1",
  } as const;
  print(stringify(value, options).trimEnd());
}

/** The lines of an answer that goes on. It ends where the node does, be it that the node was killed. */
export async function* lines(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of untilBroken(body)) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = parts.pop()!;
    yield* parts;
  }
}

async function* untilBroken(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (err) {
    // What fetch throws for a connection that breaks within an answer; an abort is a DOMException.
    if (!(err instanceof TypeError)) throw err;
  }
}
