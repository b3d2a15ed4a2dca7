/** `islet check`: whether this machine can be a node, and what mends what it lacks. Takes the flags of `islet run`. */
import { describeFlags, loadConfig, parseFlags } from "../config/mod.ts";
import { print } from "./output.ts";
import { UsageError } from "./usage.ts";

/** Flags that what is said here depends on. */
const looksAt = [
  "address",
  "api-address",
  "api-port",
  "cgroup-driver",
  "cgroup-root",
  "config",
  "container-runtime-endpoint",
  "enable-server",
  "fail-cgroup-v1",
  "fail-swap-on",
  "pod-cidr",
  "pod-logs-dir",
  "port",
  "resolv-conf",
  "root-dir",
  "run-dir",
  "runtime-mode",
  "service-cidr",
  "socket",
];

export async function check(words: string[]): Promise<number> {
  const { flags, rest, help, errors } = parseFlags(words);
  if (help) {
    print(
      "Says what this machine lacks to be a node, and the command that mends it. Changes nothing.\n" +
        `Exit code 1: something that is needed is missing.\n\nFlags of islet run that matter here:\n${
          describeFlags({ only: looksAt })
        }`,
    );
    return 0;
  }
  if (rest.length > 0) errors.push(`unexpected argument ${JSON.stringify(rest[0])}`);
  if (errors.length > 0) throw new UsageError(errors.join("\n"));
  const { config, warnings, errors: wrong } = await loadConfig({ flags });
  if (!config) throw new UsageError(wrong.join("\n"));

  const [{ readMachine }, { judge }, { changes }] = await Promise.all([
    import("./check/machine.ts"),
    import("./check/judge.ts"),
    import("./check/changes.ts"),
  ]);
  const machine = await readMachine(config);
  const findings = judge(machine, config);
  for (const warning of warnings) findings.push({ level: "warn", what: "configuration", found: warning });
  for (const { level, what, found, mend } of findings) {
    print(`${level.padEnd(4)}  ${what}: ${found}`);
    if (mend) print(`      mend: ${mend}`);
  }
  print(`\n${machine.nodeAnswers ? "A node runs here." : "No node runs here."} What islet sets on this machine:`);
  for (const change of changes(config, machine)) print(`  ${change}`);
  const failed = findings.filter(({ level }) => level === "fail").length;
  print(failed === 0 ? "\nThis machine can be a node." : `\nThis machine cannot be a node yet: ${failed} to mend.`);
  return failed === 0 ? 0 : 1;
}
