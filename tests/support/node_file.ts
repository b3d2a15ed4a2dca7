/**
 * A file of end-to-end tests around one node. Each test names its manifests; all of them are there when the node starts, so that
 * pods come up side by side and a test waits for its own only.
 *
 *     const { nodeTest } = nodeFile();
 *     nodeTest("a pod runs", pod("a"), async (node) => { await node.ready("a"); });
 *
 * When the last test has ended the node is taken down, and the file fails if anything is left of it.
 */
import { manifest } from "./pods.ts";
import { TestNode, type TestNodeOptions } from "./node.ts";

type Manifests = Record<string, unknown> | Record<string, unknown>[];

export function nodeFile(options: TestNodeOptions = {}) {
  const manifests: Record<string, string> = { ...options.manifests };
  let node: TestNode | undefined;
  Deno.test.beforeAll(async () => {
    node = await TestNode.start({ ...options, manifests });
  });
  Deno.test.afterAll(async () => {
    await node?.end();
  });
  /** A test on the file's node. */
  function nodeTest(name: string, objects: Manifests, test: (node: TestNode) => Promise<void>): void {
    const text = manifest(objects);
    if (Object.keys(objects).length > 0) manifests[fileName(objects, Object.keys(manifests).length)] = text;
    const here = new Error("The test");
    Deno.test(name, async () => {
      if (!node) throw new Error("Cannot run the test: the node did not start", { cause: here });
      await test(node);
    });
  }
  return { nodeTest };
}

/** A file named for its first object. */
function fileName(objects: Manifests, index: number): string {
  const [first] = [objects].flat() as { metadata?: { name?: string } }[];
  return `${first?.metadata?.name ?? `manifest-${index}`}.yaml`;
}
