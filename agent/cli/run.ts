/** `islet run`: the node, in the foreground until SIGTERM or SIGINT. */
import { describeFlags, loadConfig, parseFlags } from "../config/mod.ts";
import { systemClock } from "../clock.ts";
import { journalSink, logsToJournal, ServiceState } from "../systemd/mod.ts";
import { createLogger } from "../telemetry/log.ts";
import { UsageError } from "./usage.ts";

/** What systemd gives us where pods end with us; how long each may take is the configuration's and the pods'. */
const longestShutdownMs = 3600_000;

export async function run(args: string[]): Promise<number> {
  const { flags, rest, help, errors } = parseFlags(args);
  if (help) {
    console.log(
      `Runs the node in the foreground. SIGTERM and SIGINT stop it; its pods run on.\n\nFlags:\n${describeFlags()}`,
    );
    return 0;
  }
  if (rest.length > 0) errors.push(`unexpected argument ${JSON.stringify(rest[0])}`);
  if (errors.length > 0) throw new UsageError(errors.join("\n"));
  const loaded = await loadConfig({ flags });
  if (!loaded.config) throw new UsageError(loaded.errors.join("\n"));
  const { config, warnings } = loaded;
  if (Deno.uid() !== 0) {
    throw new Error(`Cannot run a node as user ${Deno.uid()}: containers, mounts and networks need root`);
  }
  Deno.umask(0o022); // what has to be private says so; what pods are promised has its mode whoever starts us
  const service = new ServiceState(systemClock);
  const { format } = config.logging;
  const log = createLogger(!format && logsToJournal() ? { ...config.logging, sink: journalSink() } : config.logging);
  for (const warning of warnings) log.warn(`Configuration: ${warning}`);
  if (!config.staticPodPath) {
    log.warn(
      "Configuration: no directory of manifests is given (--pod-manifest-path, staticPodPath): there will be no pods",
    );
  }

  const began = performance.now();
  const { startAgent } = await import("../agent.ts");
  const asked = Promise.withResolvers<void>();
  const signals = ["SIGTERM", "SIGINT"] as const;
  for (const signal of signals) Deno.addSignalListener(signal, asked.resolve);
  const agent = await Promise.race([startAgent(config, log), asked.promise]);
  if (agent) {
    log.info("The node runs", {
      node: config.nodeName,
      rootDir: config.rootDir,
      ms: Math.round(performance.now() - began),
    });
    service.ready(`Node ${config.nodeName} runs`);
    await asked.promise;
    const shutdownPods = config.shutdownPods || await agent.goesDown();
    const words = shutdownPods ? "Stopping, and the pods with it" : "Stopping; pods run on";
    service.stopping(words, shutdownPods ? longestShutdownMs : undefined);
    log.info(words);
    await agent.stop({ shutdownPods });
  }
  for (const signal of signals) Deno.removeSignalListener(signal, asked.resolve);
  return 0;
}
