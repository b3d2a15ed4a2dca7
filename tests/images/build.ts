/**
 * The images of the examples and the tests, made on this machine from Debian's busybox-static: no registry is needed.
 *
 *     dev.islet/busybox:1           busybox and its commands; runs as root
 *     dev.islet/busybox-app:1       the same, run as user 1000 by number
 *     dev.islet/busybox-named:1     the same, run as user "app" by name
 *     dev.islet/busybox-signal:1    the same, with stop signal SIGUSR1
 *     dev.islet/busybox-volume:1    the same, with a volume of the image's own at /data and a default command
 *
 * `deno run -A tests/images/build.ts DIRECTORY` writes them into one archive there, which a node with that image directory
 * imports by itself.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type ImageSpec, machineArchitecture, ociArchiveOf, tar, type TarEntry } from "../../agent/images/mod.ts";

/** The plain image. */
export const busyboxImage = "dev.islet/busybox:1";

/** Where Debian puts the static busybox; other packages put theirs elsewhere. */
const busyboxPaths = ["/bin/busybox", "/usr/bin/busybox"];

const encoder = new TextEncoder();
const text = (content: string) => encoder.encode(content);

/** The file system of all the images. */
export async function busyboxLayer(): Promise<Uint8Array<ArrayBuffer>> {
  const program = busyboxPaths.find((path) => existsSync(path));
  if (!program) throw new Error('Cannot build images: no busybox; install it with "apt-get install busybox-static"');
  return tar([
    ...["bin", "etc", "home", "home/app", "root", "sbin", "usr", "usr/bin", "usr/sbin", "var", "var/www", "data"]
      .map((path): TarEntry => ({ path, type: "directory" })),
    ...["tmp", "var/tmp"].map((path): TarEntry => ({ path, type: "directory", mode: 0o1777 })),
    { path: "bin/busybox", mode: 0o755, content: Deno.readFileSync(program) },
    ...(await commands(program)).map((path): TarEntry => ({ path, type: "symlink", target: "/bin/busybox" })),
    { path: "etc/passwd", content: text(passwd) },
    { path: "etc/group", content: text(group) },
    { path: "data/from-image", content: text("from the image\n") },
  ]);
}

const passwd = `root:x:0:0:root:/root:/bin/sh
app:x:1000:1000:app:/home/app:/bin/sh
nobody:x:65534:65534:nobody:/nonexistent:/bin/false
`;
const group = `root:x:0:
app:x:1000:
extra:x:2000:app
nogroup:x:65534:
`;

/** The images that this machine can run. */
export async function testImages(): Promise<ImageSpec[]> {
  const layers = [await busyboxLayer()];
  const architecture = machineArchitecture();
  const Env = ["PATH=/bin:/sbin:/usr/bin:/usr/sbin"];
  const image = (name: string, config: ImageSpec["config"]): ImageSpec => (
    { names: [name], architecture, layers, config: { Env, WorkingDir: "/", Cmd: ["sh"], ...config } }
  );
  return [
    image(busyboxImage, {}),
    image("dev.islet/busybox-app:1", { User: "1000" }),
    image("dev.islet/busybox-named:1", { User: "app" }),
    image("dev.islet/busybox-signal:1", { StopSignal: "SIGUSR1" }),
    image("dev.islet/busybox-volume:1", {
      Volumes: { "/data": {} },
      Env: [...Env, "FROM_IMAGE=yes"],
      WorkingDir: "/var",
      Entrypoint: ["/bin/sh", "-c"],
      Cmd: ["echo default command; sleep 3600"],
    }),
  ];
}

/** Writes all images as one archive into the directory and returns its path; an archive that is right stays untouched. */
export async function buildImages(dir: string): Promise<string> {
  const { bytes } = ociArchiveOf(await testImages());
  const file = join(dir, "busybox.tar");
  Deno.mkdirSync(dir, { recursive: true, mode: 0o700 });
  try {
    const there = Deno.readFileSync(file);
    if (there.length === bytes.length && there.every((byte, i) => byte === bytes[i])) return file;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  const partial = join(dir, ".busybox.tar.new");
  Deno.writeFileSync(partial, bytes, { mode: 0o600 });
  Deno.renameSync(partial, file);
  return file;
}

/** Where busybox's commands stand: `bin/sh`, `usr/sbin/httpd` … */
async function commands(program: string): Promise<string[]> {
  const { stdout } = await new Deno.Command(program, { args: ["--list-full"] }).output();
  return new TextDecoder().decode(stdout).split("\n").filter((path) => path !== "" && path !== "bin/busybox");
}

if (import.meta.main) {
  const [dir] = Deno.args;
  if (!dir) {
    console.error("usage: deno run -A tests/images/build.ts DIRECTORY");
    Deno.exit(2);
  }
  console.log(await buildImages(dir));
}
