/** Programs that are run to their end, fed from their standard input. */

export interface ChildOutput {
  success: boolean;
  stdout: string;
  stderr: string;
}

/**
 * Runs a program with `input` as its standard input. One that ends before it has read all of that says why itself.
 * @throws Deno.errors.NotFound and the like where it cannot be run.
 */
export async function runProgram(
  program: string,
  { args = [], env = {}, input = "" }: { args?: string[]; env?: Record<string, string>; input?: string },
): Promise<ChildOutput> {
  const pipes = { stdin: "piped", stdout: "piped", stderr: "piped" } as const;
  const child = new Deno.Command(program, { args, env, ...pipes }).spawn();
  const [{ success, stdout, stderr }] = await Promise.all([child.output(), feed(child.stdin, input)]);
  const decoder = new TextDecoder();
  return { success, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

async function feed(stream: WritableStream<Uint8Array<ArrayBuffer>>, text: string): Promise<void> {
  const writer = stream.getWriter();
  try {
    await writer.write(new TextEncoder().encode(text));
    await writer.close();
  } catch { /* it ended early */ }
}
