/**
 * Parsing in a child process: for texts so large that they could hold up the node's own work, or need more memory than
 * the node should keep. The child is this same program; it ends with its answer, or at the deadline.
 */
import { manifestBytes, type ParsedManifest, parseManifest, type ParseOptions, refuse } from "./parse.ts";
import { yamlLimits } from "./yaml.ts";

/** The hidden command that answers: `islet parse-manifest`. */
export const parseCommand = "parse-manifest";

/** Texts beyond this size belong into a child process. */
export const largeManifest = 64 * 1024;

export interface IsolatedOptions extends ParseOptions {
  /**
   * For the whole of it, the child's start included. On a busy machine a child goes on until it has had the processor for as
   * long, or {@linkcode patience} times as long has passed: what an honest file says must not hang on what else goes on.
   */
  deadlineMs?: number;
  /** The program and its words; default: this program. */
  command?: string[];
}

const patience = 12;

/** How to start this program again with other words: compiled, bundled or from source. */
export function selfCommand(): string[] {
  const { standalone } = Deno.build as { standalone?: boolean };
  if (standalone) return [Deno.execPath(), parseCommand];
  // From source a module that loads nothing but this room starts faster than the whole program.
  const fromSource = import.meta.url.endsWith("/manifest/isolated.ts");
  return fromSource
    ? [Deno.execPath(), "run", "--quiet", "--no-prompt", "--allow-env", new URL("./child.ts", import.meta.url).href]
    : [Deno.execPath(), "run", "--quiet", "-A", Deno.mainModule, parseCommand];
}

/** As `parseManifest`, in a child process. */
export async function parseManifestIsolated(text: string, options: IsolatedOptions): Promise<ParsedManifest> {
  const { deadlineMs = 5000, command = selfCommand(), ...request } = options;
  const { file } = options;
  if (manifestBytes(text) > yamlLimits.bytes) return refuse(file, `file is larger than ${yamlLimits.bytes} bytes`);
  const [program, ...args] = command;
  const child = new Deno.Command(program, {
    args,
    env: { NO_COLOR: "1" },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let late = false;
  const began = performance.now();
  const look = () => {
    const lacking = deadlineMs - processorMs(child.pid);
    if (lacking > 0 && performance.now() - began < patience * deadlineMs) {
      timer = setTimeout(look, Math.max(lacking, deadlineMs / 20));
      return;
    }
    late = true;
    try {
      child.kill("SIGKILL");
    } catch {
      // It has just ended by itself.
    }
  };
  let timer = setTimeout(look, deadlineMs);
  try {
    const input = new Blob([JSON.stringify({ text, options: request })]).stream();
    // A child that ends early closes the pipe; its exit code says more than that.
    const [output] = await Promise.all([child.output(), input.pipeTo(child.stdin).catch(() => {})]);
    if (late) return refuse(file, `parsing took longer than ${deadlineMs} ms`);
    if (!output.success) {
      const said = new TextDecoder().decode(output.stderr).trim().split("\n")[0].slice(0, 200);
      return refuse(file, `parsing ended with exit code ${output.code}${said ? ": " + said : ""}`);
    }
    return JSON.parse(new TextDecoder().decode(output.stdout)) as ParsedManifest;
  } finally {
    clearTimeout(timer);
  }
}

/** For how long a process has had a processor, in the kernel's steps of 10 ms; as much as can be when it cannot be told. */
function processorMs(pid: number): number {
  try {
    const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
    // behind the name, which may hold anything: state is field 3, user and system time are 14 and 15
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) * 10;
  } catch {
    return Infinity;
  }
}

/** The child's side: a request on standard input, the answer on standard output. */
export async function answerParseRequest(): Promise<void> {
  const { text, options } = await new Response(Deno.stdin.readable).json() as { text: string; options: ParseOptions };
  const bytes = new TextEncoder().encode(JSON.stringify(parseManifest(text, options)));
  for (let at = 0; at < bytes.length;) at += Deno.stdout.writeSync(bytes.subarray(at));
}
