/** Programs by argument vector. */
export async function must(program: string, ...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args, stdin: "null" }).output();
  const decoder = new TextDecoder();
  if (success) return decoder.decode(stdout);
  throw new Error(`Cannot run ${program} ${args.join(" ")}: ${decoder.decode(stderr).trim()}`);
}
