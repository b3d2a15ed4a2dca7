/** A registry of images on loopback, inside a test node's network: Debian's docker-registry, filled by the node's containerd. */
import { join } from "node:path";
import { type ImageInfo, type ImageSpec, ociArchiveOf, tar } from "../../agent/images/mod.ts";
import { testImages } from "../images/build.ts";
import type { TestNode } from "./node.ts";

export const registryUser = "sailor", registryPassword = "swordfish";
/** bcrypt of the password: what docker-registry takes. */
const htpasswd = `${registryUser}:$2a$05$abcdefghijklmnopqrstuupWDwJQeCHYIBQy8WvkVB6ImhZ476YYy`;

export interface RegistryOptions {
  /** Whether it asks for {@linkcode registryUser} and {@linkcode registryPassword}. */
  auth?: boolean;
}

/** An image that can run and takes so many bytes, twice: its layer is kept beside what is unpacked of it. */
export async function largeImage(bytes: number): Promise<ImageSpec> {
  const [plain] = await testImages();
  const content = new Uint8Array(bytes);
  for (let at = 0; at < content.length; at += 65536) crypto.getRandomValues(content.subarray(at, at + 65536));
  return { ...plain, layers: [...plain.layers, await tar([{ path: "data/large", content }])] };
}

/** Starts a registry that has these images: names in it, and what they are made of (default: the busybox image). */
export async function startRegistry(
  node: TestNode,
  address: string,
  images: readonly (string | [name: string, image: ImageSpec])[],
  { auth = false }: RegistryOptions = {},
): Promise<Deno.ChildProcess> {
  const dir = join(node.dir, `registry-${address.split(":")[1]}`);
  Deno.mkdirSync(dir);
  Deno.writeTextFileSync(join(dir, "htpasswd"), htpasswd + "\n");
  Deno.writeTextFileSync(
    join(dir, "config.yml"),
    JSON.stringify({
      version: 0.1,
      log: { level: "error" },
      storage: { filesystem: { rootdirectory: join(dir, "data") } },
      http: { addr: address },
      ...(auth ? { auth: { htpasswd: { realm: "test", path: join(dir, "htpasswd") } } } : {}),
    }),
  );
  const process = node.spawn("docker-registry", "serve", join(dir, "config.yml"));
  const [host, port] = address.split(":");
  await node.until(
    "the registry listens",
    async () => (await node.inside("busybox", "nc", "-w", "1", host, port)).code === 0,
  );
  const ctr = async (...args: string[]) => {
    const socket = `${node.runDir}/containerd.sock`;
    const { code, stderr } = await node.inside("ctr", "--address", socket, "-n", "k8s.io", "images", ...args);
    if (code !== 0) throw new Error(`Cannot fill the registry: ctr images ${args.join(" ")}: ${stderr}`);
  };
  for (const image of images) {
    const [name, spec] = typeof image === "string" ? [image] : image;
    const full = `${address}/${name}`;
    if (spec) {
      const archive = join(dir, "image.tar");
      Deno.writeFileSync(archive, ociArchiveOf([{ ...spec, names: [full] }]).bytes);
      await ctr("import", "--no-unpack", archive);
      Deno.removeSync(archive);
    } else await ctr("tag", "dev.islet/busybox:1", full);
    await ctr("push", "--plain-http", ...(auth ? ["--user", `${registryUser}:${registryPassword}`] : []), full);
    await ctr("rm", "--sync", full);
  }
  return process;
}

/** Tags of the node's images from the registry at an address. */
export async function imagesOf(node: TestNode, address: string): Promise<string[]> {
  const { items }: { items: ImageInfo[] } = await (await node.api("/islet/v1/images")).json();
  return items.flatMap(({ repoTags }) => repoTags).filter((tag) => tag.startsWith(`${address}/`))
    .map((tag) => tag.slice(address.length + 1)).sort();
}
