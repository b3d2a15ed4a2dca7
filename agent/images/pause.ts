/**
 * The sandbox ("pause") image that islet carries in itself, so that a pod starts on a machine that has never seen a registry.
 */
import { type ImageArchive, ociArchive } from "./oci_archive.ts";
import { type Architecture, pauseElf } from "./pause_elf.ts";
import { tar } from "./tar.ts";

/** This machine's architecture as images name it. */
export function machineArchitecture(): Architecture {
  return Deno.build.arch === "aarch64" ? "arm64" : "amd64";
}

/** The image as an archive, under the name that the runtime is configured with. */
export function pauseArchive(name: string, architecture: Architecture = machineArchitecture()): ImageArchive {
  return ociArchive({
    names: [name],
    architecture,
    config: { Entrypoint: ["/pause"], User: "65535:65535", WorkingDir: "/" },
    layers: [tar([{ path: "pause", mode: 0o755, content: pauseElf(architecture) }])],
  });
}
