/** What the guest is given to work with, as a disk: the compiled program, manifests, images, the tests, a deno and a kubectl for them. */
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildImages } from "../images/build.ts";
import { kubectlPath } from "../support/kubectl.ts";
import { must } from "./run.ts";

const repository = fileURLToPath(new URL("../..", import.meta.url));

export interface Payload {
  /** A disk, whose directories are islet-source, deno-dir and test-cache. */
  disk: string;
  /** Where the guest has to have islet-source: what deno has translated it knows by its path. */
  source: string;
}

/** Makes the disk; `tests` are the test files that run inside the guest. */
export async function makePayload(dir: string, binary: string, tests: readonly string[]): Promise<Payload> {
  const tree = join(dir, "payload");
  const copy = join(tree, "islet-source");
  await Deno.mkdir(copy, { recursive: true });
  await Deno.copyFile(binary, join(tree, "islet"));
  await Deno.chmod(join(tree, "islet"), 0o755);
  const tracked = (await must("git", "-C", repository, "ls-files", "--cached", "--others", "--exclude-standard", "-z"))
    .split("\0").filter((path) => path !== "");
  for (const path of tracked) {
    await Deno.mkdir(join(copy, path, ".."), { recursive: true });
    await Deno.copyFile(join(repository, path), join(copy, path)).catch((err) => {
      if (!(err instanceof Deno.errors.NotFound)) throw err; // removed and not yet committed
    });
  }
  const archive = await buildImages(join(repository, ".cache/e2e-images"));
  await Deno.mkdir(join(copy, ".cache/e2e-images"), { recursive: true });
  await Deno.copyFile(archive, join(copy, ".cache/e2e-images", archive.split("/").at(-1)!));
  await Deno.copyFile(archive, join(tree, "images.tar"));
  // where the guest's tests look for it; the guest cannot bring it
  const kubectl = await kubectlPath("1.32");
  const cached = join(tree, "test-cache", basename(dirname(kubectl)));
  await Deno.mkdir(cached, { recursive: true });
  await Deno.copyFile(kubectl, join(cached, "kubectl"));
  await Deno.copyFile(await Deno.realPath(Deno.execPath()), join(tree, "deno"));
  await Deno.chmod(join(tree, "deno"), 0o755);
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    // the last one each test file starts by itself
    args: ["cache", "--quiet", "--no-check", ...tests, "tests/support/remove_test_node.ts"],
    cwd: copy,
    env: { DENO_DIR: join(tree, "deno-dir") },
  }).output();
  if (!success) throw new Error(`Cannot fetch what the tests import: ${new TextDecoder().decode(stderr)}`);
  const disk = join(dir, "payload.ext4");
  await must("mkfs.ext4", "-q", "-F", "-d", tree, disk, "1G");
  await Deno.remove(tree, { recursive: true });
  return { disk, source: copy };
}
