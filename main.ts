/** islet: argv → command → exit code. `islet help` lists the commands; each is a file in agent/cli/. */
import { main } from "./agent/cli/mod.ts";

if (import.meta.main) Deno.exit(await main(Deno.args));
