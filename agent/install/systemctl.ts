/** systemctl by argument vector. */
export async function systemctl(...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command("systemctl", { args, stdin: "null" }).output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(`Cannot ${args.join(" ")}: systemctl: ${decoder.decode(stderr).trim()}`);
  return decoder.decode(stdout).trim();
}

/** One property of a unit, `ActiveState`; also of a unit that is not there. */
export async function unitProperty(unit: string, property: string): Promise<string> {
  return await systemctl("show", `--property=${property}`, "--value", unit);
}
