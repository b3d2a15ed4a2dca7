/**
 * Makes the program that is shipped: `dist/islet`. First minified bundles by the running Deno, one for each part that is loaded
 * when it is wanted, then `deno compile` with the V8 flags that halve its memory embedded.
 *
 * Compiled programs of Deno keep V8's code in a file of a known name in the system's temporary directory, which anybody may put
 * there first: root must not run what it says. Ours go without: reading only the parts that are used makes up for it.
 *
 * Where `deno compile` cannot fetch its run-time part itself, the environment names another deno for it and that part:
 * ISLET_COMPILE_DENO and DENORT_BIN.
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Flags that trade some speed in parsing for memory: what a node agent has more use for. */
export const v8Flags = "--v8-flags=--lite-mode,--max-lazy,--optimize-for-size";

/** Compiles and returns the program's path. */
export async function compile(): Promise<string> {
  const dist = join(root, "dist");
  await Deno.mkdir(dist, { recursive: true });
  const bundles = join(dist, "bundles");
  await Deno.remove(bundles, { recursive: true }).catch(() => {}); // those of another version
  const program = join(dist, "islet");
  await deno(Deno.execPath(), [
    "bundle",
    "--quiet",
    "--platform",
    "deno",
    "--minify",
    "--code-splitting",
    "--outdir",
    bundles,
    join(root, "main.ts"),
  ]);
  for (const { name } of Deno.readDirSync(bundles)) {
    const bundle = join(bundles, name);
    await Deno.writeTextFile(bundle, asciiScript(await Deno.readTextFile(bundle)));
  }
  await deno(Deno.env.get("ISLET_COMPILE_DENO") ?? Deno.execPath(), [
    "compile",
    "--quiet",
    "--no-config",
    "--no-check",
    "--no-code-cache",
    "--allow-all",
    "--unstable-net",
    v8Flags,
    "--output",
    program,
    join(bundles, "main.js"),
  ]);
  return program;
}

/**
 * A script with all other characters escaped. One of them is enough for V8 to keep a copy of the whole text, two bytes a
 * character: 4 MB; a text of ASCII alone it reads where it lies in the program's file.
 */
export function asciiScript(text: string): string {
  return text.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

async function deno(program: string, args: string[]): Promise<void> {
  // A larger program overflows the default stack of deno compile's threads.
  const env = { RUST_MIN_STACK: Deno.env.get("RUST_MIN_STACK") ?? "16777216" };
  const { success, stderr } = await new Deno.Command(program, { args, env, cwd: root }).output();
  if (success) return;
  throw new Error(`Cannot compile: deno ${args[0]}: ${new TextDecoder().decode(stderr).trim()}`);
}

if (import.meta.main) {
  const program = await compile().catch((err) => {
    console.error(err.message);
    if (/dl\.deno\.land/.test(err.message)) {
      console.error(
        "\ndl.deno.land cannot be reached: DENORT_BIN names a denort of this version that is here already.",
      );
    }
    Deno.exit(1);
  });
  const { size } = await Deno.stat(program);
  console.log(`${program}: ${(size / 2 ** 20).toFixed(1)} MiB`);
}
