/**
 * The whole test run, `deno task test`: sets the machine up, then every check and every test, one after the other so that none
 * disturbs another's time. All of them run even if one fails. A test that failed is run once more, its file alone: one that fails
 * again has failed, one that passes then is told of as unsteady, which is a defect too, but no reason to hold back a change.
 * At the end all of these are told again; the last line says `N passed, N failed`.
 *
 * `deno task test --only NAME,NAME` runs some of the parts.
 */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { readJunit, type Result } from "./junit.ts";
import { installPackages, nodePackages, testPackages } from "./machine.ts";
import { type Finding, Output, outsideTests, retold, tellFindings, testFile } from "./findings.ts";

Deno.umask(0o022);

const root = resolve(fileURLToPath(new URL("../..", import.meta.url)));

/** A step of the run: a command that passes or fails as one, or a set of tests that are counted. */
interface Part {
  name: string;
  args: string[];
  /** Where its tests are; they are counted. A part without is a command that passes or fails as one. */
  paths?: string[];
  env?: Record<string, string>;
}

const sanitizers = ["--sanitize-ops", "--sanitize-resources"];

const parts: Part[] = [
  { name: "fmt", args: ["fmt", "--check", "--quiet"] },
  { name: "lint", args: ["lint", "--quiet"] },
  { name: "layers", args: ["run", "-A", "tests/support/layers.ts"] },
  { name: "coverage", args: ["run", "-A", "tests/support/coverage.ts"] },
  { name: "check", args: ["check", "--quiet", "."] },
  {
    name: "unit",
    args: ["test", "-A", "--quiet", "--parallel", ...sanitizers],
    paths: ["agent", "cri", "net", "cgroups", "systemd", "tests/support"],
  },
  { name: "chaos", args: ["test", "-A", "--quiet", ...sanitizers], paths: ["tests/chaos"] },
  { name: "fuzz", args: ["test", "-A", "--quiet"], paths: ["tests/fuzz"] },
  { name: "compile", args: ["run", "-A", "tests/support/compile.ts"] },
  { name: "packets", args: ["test", "-A", "--quiet"], paths: ["tests/packets"] },
  { name: "e2e", args: ["test", "-A", "--quiet"], paths: ["tests/e2e"] },
  {
    name: "e2e-binary",
    args: ["test", "-A", "--quiet"],
    paths: ["tests/e2e/smoke_test.ts"],
    env: { ISLET_BIN: `${root}/dist/islet` },
  },
];

/** A run of a command: what it said at last, and its tests where it counts them (none where it wrote no report). */
interface Run {
  success: boolean;
  tail: string;
  results?: Result[];
}

async function run({ name, args, paths, env = {} }: Part): Promise<Run> {
  const report = paths ? await Deno.makeTempFile({ prefix: `islet-${name}-`, suffix: ".xml" }) : undefined;
  const [verb, ...rest] = args;
  const child = new Deno.Command(Deno.execPath(), {
    args: report ? [verb, `--junit-path=${report}`, ...rest, ...paths!] : args,
    cwd: root,
    env,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const output = new Output(4000);
  const all = Promise.all([output.pass(child.stdout, Deno.stdout), output.pass(child.stderr, Deno.stderr)]);
  const { success } = await child.status;
  // a process that a test has left behind may hold the pipes for ever
  await Promise.race([all, new Promise((done) => setTimeout(done, 2000))]);
  const { tail, outside } = output;
  if (!report) return { success, tail };
  try {
    const results = readJunit(await Deno.readTextFile(report));
    for (const file of outside) results.push({ file, name: outsideTests, failure: "an error that no test made" });
    return { success, tail, results };
  } catch (err) {
    console.error((err as Error).message);
    return { success, tail };
  } finally {
    await Deno.remove(report).catch(() => {});
  }
}

/** Runs a part, and the files of its failed tests once more. */
async function outcome(part: Part): Promise<{ passed: number; findings: Finding[] }> {
  const first = await run(part);
  if (!part.paths && first.success) return { passed: 1, findings: [] };
  const failures = first.results?.filter(({ failure }) => failure !== undefined) ?? [];
  // A run that fails without a failed test (a module that does not load) is one failure; one without tests is too.
  if (!first.results?.length || (!first.success && failures.length === 0)) {
    return { passed: first.results?.length ?? 0, findings: [{ part: part.name, told: first.tail, failed: true }] };
  }
  const passed = first.results.length - failures.length;
  if (failures.length === 0) return { passed, findings: [] };
  const files = [...new Set(failures.flatMap((test) => testFile(test, root) ?? []))];
  console.log(`\n== ${part.name}: once more ${files.join(" ")}`);
  const again = files.length > 0 ? (await run({ ...part, paths: files })).results ?? [] : [];
  // a file that ran and has nothing to tell of what is outside of its tests is well there
  const isWell = (file: string) =>
    again.length > 0 && !again.some((test) => test.file === file && test.name === outsideTests);
  const well = files.filter(isWell).map((file) => ({ file, name: outsideTests }));
  const findings = retold(part.name, failures, [...again, ...well]);
  const mended = findings.filter(({ test, failed }) => !failed && test!.name !== outsideTests);
  return { passed: passed + mended.length, findings };
}

async function main(): Promise<number> {
  const only = Deno.args[0] === "--only" ? Deno.args[1]?.split(",") : undefined;
  if (Deno.args.length > 0 && !only?.every((name) => parts.some((part) => part.name === name))) {
    console.error(`usage: deno task test [--only NAME,NAME]; names: ${parts.map(({ name }) => name).join(" ")}`);
    return 2;
  }
  await installPackages([...nodePackages, ...testPackages], { onProgress: (message) => console.log(message) });
  let passed = 0;
  const findings: Finding[] = [];
  for (const part of parts) {
    if (only && !only.includes(part.name)) continue;
    console.log(`\n== ${part.name}`);
    if (part.name === "e2e-binary" && !existsSync(part.env!.ISLET_BIN)) {
      findings.push({ part: part.name, told: "there is no dist/islet to test", failed: true });
      continue;
    }
    const began = performance.now();
    const found = await outcome(part);
    passed += found.passed;
    findings.push(...found.findings);
    const failed = found.findings.filter(({ failed }) => failed).length;
    const took = ((performance.now() - began) / 1000).toFixed(1);
    console.log(`== ${part.name}: ${found.passed} passed, ${failed} failed in ${took} s`);
  }
  console.log(tellFindings(findings, root));
  const failed = findings.filter(({ failed }) => failed).length;
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 && passed > 0 ? 0 : 1;
}

if (import.meta.main) Deno.exit(await main());
