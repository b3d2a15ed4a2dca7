/**
 * Regenerates `cri/gen/` from the .proto files beside this one: `deno task gen`.
 *
 * buf compiles, protoc-gen-es writes TypeScript. Both come from npm at pinned versions and run under Node.js (`npx`):
 * buf's npm package is a launcher for a native binary. Nothing of this is needed to build or run islet.
 */
const here = new URL(".", import.meta.url);
const packages = ["@bufbuild/buf@1.75.0", "@bufbuild/protoc-gen-es@2.17.0", "@bufbuild/protobuf@2.17.0"];

const template = JSON.stringify({
  version: "v2",
  plugins: [{ local: "protoc-gen-es", out: "../gen", opt: ["target=ts", "import_extension=ts"] }],
  clean: true,
});

const { success } = await new Deno.Command("npx", {
  args: ["--yes", ...packages.flatMap((name) => ["--package", name]), "--", "buf", "generate", "--template", template],
  cwd: here,
  stdin: "null",
}).output().then((result) => {
  Deno.stderr.writeSync(result.stderr);
  return result;
});
if (!success) {
  console.error("Cannot generate cri/gen: buf failed, see above");
  Deno.exit(1);
}
