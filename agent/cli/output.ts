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
