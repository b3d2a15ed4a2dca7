/**
 * The whole test run, `deno task test`: sets the machine up, then every check and every test, one after the other so that none
 * disturbs another's time. All of them run even if one fails; the last line says `N passed, N failed`.
 *
 * `deno task test --only NAME,NAME` runs some of the parts.
 */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { installPackages, nodePackages, testPackages } from "./machine.ts";

const root = resolve(fileURLToPath(new URL("../..", import.meta.url)));

/** A step of the run: a command that passes or fails as one, or a set of tests that are counted. */
interface Part {
  name: string;
  args: string[];
  /** Counts tests; otherwise the command is one check. */
  counted?: boolean;
  env?: Record<string, string>;
}

interface Count {
  passed: number;
  failed: number;
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
    args: [
      "test",
      "-A",
      "--quiet",
      "--parallel",
      ...sanitizers,
      "agent",
      "cri",
      "net",
      "cgroups",
      "systemd",
      "tests/support",
    ],
    counted: true,
  },
  { name: "chaos", args: ["test", "-A", "--quiet", ...sanitizers, "tests/chaos"], counted: true },
  { name: "fuzz", args: ["test", "-A", "--quiet", "tests/fuzz"], counted: true },
  { name: "compile", args: ["run", "-A", "tests/support/compile.ts"] },
  { name: "packets", args: ["test", "-A", "--quiet", "tests/packets"], counted: true },
  { name: "e2e", args: ["test", "-A", "--quiet", "tests/e2e"], counted: true },
  {
    name: "e2e-binary",
    args: ["test", "-A", "--quiet", "tests/e2e/smoke_test.ts"],
    counted: true,
    env: { ISLET_BIN: `${root}/dist/islet` },
  },
];

/** The totals of a JUnit report as `deno test --junit-path` writes it. */
export function readJunit(xml: string): Count {
  const head = /<testsuites\b[^>]*>/.exec(xml)?.[0];
  const field = (name: string) => Number(new RegExp(`\\b${name}="(\\d+)"`).exec(head ?? "")?.[1] ?? 0);
  if (!head) throw new Error("Cannot read the test report: it has no totals");
  const failed = field("failures") + field("errors");
  const skipped = [...xml.matchAll(/<skipped\b/g)].length;
  return { passed: field("tests") - failed - skipped, failed };
}

async function run({ name, args, counted, env = {} }: Part): Promise<Count> {
  const began = performance.now();
  const report = counted ? await Deno.makeTempFile({ prefix: `islet-${name}-`, suffix: ".xml" }) : undefined;
  console.log(`\n== ${name}`);
  const [verb, ...rest] = args;
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: report ? [verb, `--junit-path=${report}`, ...rest] : args,
    cwd: root,
    env,
    stdin: "null",
    stdout: "inherit",
    stderr: "inherit",
  }).spawn().status;
  const count = report ? await counts(report, success) : { passed: success ? 1 : 0, failed: success ? 0 : 1 };
  const took = ((performance.now() - began) / 1000).toFixed(1);
  console.log(`== ${name}: ${count.passed} passed, ${count.failed} failed in ${took} s`);
  return count;
}

/** A run that fails without a failed test (a module that does not load, a leak) is one failure; one without tests is too. */
async function counts(report: string, success: boolean): Promise<Count> {
  let count: Count = { passed: 0, failed: 0 };
  try {
    count = readJunit(await Deno.readTextFile(report));
  } catch (err) {
    console.error((err as Error).message);
  } finally {
    await Deno.remove(report).catch(() => {});
  }
  if ((!success && count.failed === 0) || count.passed + count.failed === 0) count.failed++;
  return count;
}

async function main(): Promise<number> {
  const only = Deno.args[0] === "--only" ? Deno.args[1]?.split(",") : undefined;
  if (Deno.args.length > 0 && !only?.every((name) => parts.some((part) => part.name === name))) {
    console.error(`usage: deno task test [--only NAME,NAME]; names: ${parts.map(({ name }) => name).join(" ")}`);
    return 2;
  }
  await installPackages([...nodePackages, ...testPackages], { onProgress: (message) => console.log(message) });
  const total: Count = { passed: 0, failed: 0 };
  for (const part of parts) {
    if (only && !only.includes(part.name)) continue;
    if (part.name === "e2e-binary" && !existsSync(part.env!.ISLET_BIN)) {
      console.log("\n== e2e-binary: no dist/islet to test");
      total.failed++;
      continue;
    }
    const count = await run(part);
    total.passed += count.passed;
    total.failed += count.failed;
  }
  console.log(`\n${total.passed} passed, ${total.failed} failed`);
  return total.failed === 0 && total.passed > 0 ? 0 : 1;
}

if (import.meta.main) Deno.exit(await main());
