/** What `deno task up` and `deno task down` agree on. */
import { existsSync } from "node:fs";
import { defaultRootDir, runDirOf } from "../agent/runtime/containerd/mod.ts";

/** The demonstration uses the places of a real node, so that every command of the documentation works as it is written. */
export const rootDir = defaultRootDir;
export const runDir = runDirOf(rootDir);
export const socket = `${runDir}/islet.sock`;

/** How this Deno is called: what to tell users to type. */
export function deno(): string {
  const onPath = (Deno.env.get("PATH") ?? "").split(":").some((dir) =>
    existsSync(`${dir}/deno`) && !dir.includes("_npx")
  );
  return onPath ? "deno" : `npx -y deno@${Deno.version.deno}`;
}

/** Ends the program with a message. */
export function fail(message: string): never {
  console.error(`\n${message}`);
  Deno.exit(1);
}

/** The demonstration needs root, and must not touch a node that somebody installed. */
export function checkMachine(): void {
  if (Deno.build.os !== "linux") fail("islet runs on Linux only.");
  if (Deno.uid() !== 0) fail("Containers need root: run this as root.");
  if (existsSync("/etc/systemd/system/islet.service")) {
    fail("An islet node is installed on this machine (islet.service): this demonstration would interfere with it.");
  }
}
