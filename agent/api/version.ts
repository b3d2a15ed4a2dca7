/** islet's own version, and that of the Kubernetes API that it follows. */
export const isletVersion = "0.1.0";
const kubernetes = { major: "1", minor: "36" };

/** version.Info, as GET /version has it. */
export function versionInfo() {
  const { os, arch } = Deno.build;
  return {
    ...kubernetes,
    gitVersion: `v${kubernetes.major}.${kubernetes.minor}.0+islet-${isletVersion}`,
    gitCommit: "",
    gitTreeState: "",
    buildDate: "",
    goVersion: "",
    compiler: `deno ${Deno.version.deno}`,
    platform: `${os}/${arch === "x86_64" ? "amd64" : arch === "aarch64" ? "arm64" : arch}`,
    isletVersion,
  };
}
