import assert from "node:assert/strict";
import { type CriClient, CriError } from "../../cri/mod.ts";
import { ManualClock } from "../clock.ts";
import type { Pod, Secret } from "../objects/mod.ts";
import { RegistryHosts } from "./hosts.ts";
import { type EnsureOptions, ImageManager, type ImageManagerOptions } from "./manager.ts";
import { parseDockerConfig } from "./keyring.ts";
import { ImageError } from "./pull_policy.ts";

interface Pull {
  image: string;
  user?: string;
  signal?: AbortSignal;
}

/** A registry and an image store in memory: `remote` holds what can be pulled and what it fails with. */
class FakeImages {
  local = new Map<string, string>();
  remote = new Map<string, string | Error | ((pull: Pull) => Promise<string>)>();
  pulls: Pull[] = [];

  readonly client = {
    imageStatus: ({ image }: { image: { image: string } }) => {
      const id = this.local.get(image.image) ??
        ([...this.local.values()].includes(image.image) ? image.image : undefined);
      if (id === "broken") return Promise.reject(new CriError("ImageStatus", "internal", "disk on fire"));
      return Promise.resolve({ image: id && { id, repoDigests: [], size: 42n, uid: { value: 1000n }, username: "" } });
    },
    pullImage: async (
      { image, auth }: { image: { image: string }; auth?: { username?: string } },
      { signal }: { signal?: AbortSignal } = {},
    ) => {
      const pull = { image: image.image, user: auth?.username, signal };
      this.pulls.push(pull);
      const answer = this.remote.get(image.image);
      const id = typeof answer === "function" ? await answer(pull) : answer;
      if (id === undefined) throw new CriError("PullImage", "not_found", `${image.image}: not found`);
      if (id instanceof Error) throw id;
      this.local.set(image.image, id);
      return { imageRef: id };
    },
  } as unknown as CriClient["image"];
}

function setUp(options: Partial<ImageManagerOptions> = {}) {
  const fake = new FakeImages();
  const clock = new ManualClock();
  const events: string[] = [];
  const manager = new ImageManager({
    image: fake.client,
    secret: () => undefined,
    clock,
    hosts: new RegistryHosts({ clock, knock: () => Promise.resolve() }),
    ...options,
  });
  const ensure = (image: string, imagePullPolicy?: string, more: { pod?: Pod } & Partial<EnsureOptions> = {}) =>
    manager.ensure(more.pod ?? pod("p"), { name: "c", image, imagePullPolicy } as never, {
      signal: new AbortController().signal,
      onEvent: (type, reason, message) => events.push(`${type} ${reason} ${message}`),
      ...more,
    });
  return { fake, clock, events, manager, ensure };
}

const pod = (uid: string, ...secrets: string[]) =>
  ({ metadata: { name: uid, uid }, spec: { imagePullSecrets: secrets.map((name) => ({ name })) } }) as unknown as Pod;

const dockerSecret = (user: string) =>
  ({
    type: "kubernetes.io/dockerconfigjson",
    data: { ".dockerconfigjson": btoa(JSON.stringify({ auths: { "r.example": { auth: btoa(`${user}:hunter2`) } } })) },
  }) as unknown as Secret;

const refused = new CriError("PullImage", "unknown", "dial tcp 10.0.0.1:443: connect: connection refused");

async function failure(promise: Promise<unknown>): Promise<[string, string, number]> {
  const err = await promise.then(() => assert.fail("it did not fail"), (err) => err);
  assert.ok(err instanceof ImageError, String(err));
  return [err.reason, err.message, err.retryAfterMs];
}

Deno.test("ensure() uses an image that is there, with its user", async () => {
  const { fake, events, ensure } = setUp();
  fake.local.set("r.example/a:1", "sha256:a");
  assert.deepEqual(await ensure("r.example/a:1"), { imageRef: "sha256:a", repoDigests: [], size: 42, uid: 1000 });
  assert.deepEqual(events, [
    'Normal Pulled Container image "r.example/a:1" already present on machine and can be accessed by the pod',
  ]);
  assert.equal(fake.pulls.length, 0);
});

Deno.test("ensure() pulls a missing image and says how long it took", async () => {
  const { fake, clock, events, ensure } = setUp();
  const gate = Promise.withResolvers<string>();
  fake.remote.set("r.example/a:1", () => gate.promise);
  const ensured = ensure("r.example/a:1");
  await clock.advance(1500);
  gate.resolve("sha256:a");
  assert.equal((await ensured).imageRef, "sha256:a");
  assert.deepEqual(events, [
    'Normal Pulling Pulling image "r.example/a:1"',
    'Normal Pulled Successfully pulled image "r.example/a:1" in 1.5s (1.5s including waiting). Image size: 42 bytes.',
  ]);
});

Deno.test("ensure() asks the runtime for tag latest where the manifest has none, each time", async () => {
  const { fake, ensure } = setUp();
  fake.remote.set("r.example/a:latest", "sha256:a");
  await ensure("r.example/a");
  await ensure("r.example/a");
  assert.deepEqual(fake.pulls.map(({ image }) => image), ["r.example/a:latest", "r.example/a:latest"]);
});

Deno.test("ensure() waits for archives that are being imported before it asks a registry", async () => {
  const gate = Promise.withResolvers<void>();
  const { fake, ensure } = setUp({ archives: () => gate.promise });
  const ensured = ensure("r.example/a:1");
  fake.local.set("r.example/a:1", "sha256:a");
  gate.resolve();
  assert.equal((await ensured).imageRef, "sha256:a");
  assert.equal(fake.pulls.length, 0);
});

Deno.test("ensure() fails as ErrImagePull, then as ImagePullBackOff with what went wrong, then pulls again", async () => {
  const { clock, events, ensure, fake } = setUp();
  assert.deepEqual(await failure(ensure("r.example/a:1")), ["ErrImagePull", "r.example/a:1: not found", 5000]);
  await clock.advance(4000);
  assert.deepEqual(await failure(ensure("r.example/a:1")), [
    "ImagePullBackOff",
    'Back-off pulling image "r.example/a:1": r.example/a:1: not found',
    6000,
  ]);
  await clock.advance(6000);
  assert.equal((await failure(ensure("r.example/a:1")))[0], "ErrImagePull");
  await clock.advance(19_000);
  assert.deepEqual((await failure(ensure("r.example/a:1"))).slice(0, 1), ["ImagePullBackOff"]);
  await clock.advance(1_000);
  fake.remote.set("r.example/a:1", "sha256:a");
  await ensure("r.example/a:1");
  assert.equal(fake.pulls.length, 3);
  assert.deepEqual(events.slice(0, 5), [
    'Normal Pulling Pulling image "r.example/a:1"',
    'Warning Failed Failed to pull image "r.example/a:1": r.example/a:1: not found',
    "Warning Failed Error: ErrImagePull",
    'Normal BackOff Back-off pulling image "r.example/a:1"',
    "Warning Failed Error: ImagePullBackOff",
  ]);
});

Deno.test("ensure() keeps the back-off of one pod from another, and forgets it with the pod", async () => {
  const { ensure, manager } = setUp();
  await failure(ensure("r.example/a:1"));
  assert.equal((await failure(ensure("r.example/a:1")))[0], "ImagePullBackOff");
  assert.equal((await failure(ensure("r.example/a:1", undefined, { pod: pod("q") })))[0], "ErrImagePull");
  manager.forget("p");
  assert.equal((await failure(ensure("r.example/a:1")))[0], "ErrImagePull");
});

Deno.test("ensure() refuses with the reasons ErrImageNeverPull, InvalidImageName and ImageInspectError", async () => {
  const { fake, events, ensure } = setUp();
  fake.local.set("r.example/b:1", "broken");
  assert.deepEqual((await failure(ensure("r.example/a:1", "Never"))).slice(0, 2), [
    "ErrImageNeverPull",
    'Container image "r.example/a:1" is not present with pull policy of Never',
  ]);
  assert.deepEqual((await failure(ensure("r.example/A b"))).slice(0, 2), [
    "InvalidImageName",
    'Failed to apply default image tag "r.example/A b": couldn\'t parse image name "r.example/A b": ' +
    "invalid reference format",
  ]);
  assert.deepEqual((await failure(ensure("r.example/b:1"))).slice(0, 2), [
    "ImageInspectError",
    'Failed to inspect image "r.example/b:1": disk on fire',
  ]);
  assert.deepEqual(events.map((event) => event.split(" ").slice(0, 2).join(" ")), [
    "Warning ErrImageNeverPull",
    "Warning Failed",
    "Warning InspectFailed",
    "Warning Failed",
    "Warning InspectFailed",
    "Warning Failed",
  ]);
  assert.equal(fake.pulls.length, 0);
});

Deno.test("ensure() tries the pod's credentials in turn and shows none of them", async () => {
  const secrets: Record<string, Secret> = { one: dockerSecret("one"), two: dockerSecret("two") };
  const { fake, events, ensure } = setUp({ secret: (_, name) => secrets[name] });
  fake.remote.set("r.example/a:1", ({ user }) => {
    if (user === "two") return Promise.resolve("sha256:a");
    throw new CriError("PullImage", "unknown", `401 from https://${user}:hunter2@r.example/ for hunter2`);
  });
  await ensure("r.example/a:1", undefined, { pod: pod("p", "one", "two", "gone") });
  assert.deepEqual(fake.pulls.map(({ user }) => user), ["one", "two"]);
  assert.equal(
    events[0],
    "Warning FailedToRetrieveImagePullSecret Unable to retrieve some image pull secrets (gone); " +
      "attempting to pull the image may not succeed.",
  );
  const [, message] = await failure(ensure("r.example/a:1", "Always", { pod: pod("q", "one") }));
  assert.equal(message, "401 from https://r.example/ for [redacted]");
  assert.ok(!events.join().includes("hunter2"));
});

Deno.test("ensure() pulls anonymously where no credential fits", async () => {
  const { fake, ensure } = setUp({ secret: () => dockerSecret("u") });
  fake.remote.set("other.example/a:1", "sha256:a");
  await ensure("other.example/a:1", undefined, { pod: pod("p", "s") });
  assert.deepEqual(fake.pulls.map(({ user }) => user), [undefined]);
});

Deno.test("ensure() falls back on the local image after a pull that did not reach the registry, and remembers", async () => {
  const { fake, events, ensure } = setUp();
  fake.local.set("r.example/a:1", "sha256:a");
  fake.remote.set("r.example/a:1", refused);
  for (let i = 0; i < 20; i++) await ensure("r.example/a:1", "Always", { pod: pod(`p${i}`) });
  assert.equal(fake.pulls.length, 1);
  assert.equal(
    events.filter((event) => event.startsWith("Warning RegistryUnreachable Registry r.example ")).length,
    20,
  );
  assert.equal(events.filter((event) => event.startsWith("Warning Failed")).length, 0);
});

Deno.test("ensure() does not even try to pull while a knock finds the registry away", async () => {
  const clock = new ManualClock();
  const { fake, ensure } = setUp({
    clock,
    hosts: new RegistryHosts({ clock, knock: () => Promise.reject(new Error("refused")) }),
  });
  fake.local.set("r.example/a:1", "sha256:a");
  await ensure("r.example/a:1", "Always");
  assert.equal(fake.pulls.length, 0);
});

Deno.test("ensure() does not fall back when the registry says no, or when the switch is off", async () => {
  const said = setUp();
  said.fake.local.set("r.example/a:1", "sha256:a");
  assert.equal((await failure(said.ensure("r.example/a:1", "Always")))[0], "ErrImagePull");
  const off = setUp({ fallBackToLocal: false });
  off.fake.local.set("r.example/a:1", "sha256:a");
  off.fake.remote.set("r.example/a:1", refused);
  assert.equal((await failure(off.ensure("r.example/a:1", "Always")))[0], "ErrImagePull");
});

Deno.test("ensure() pulls once for pods that want the same image at the same time, but not across credentials", async () => {
  const { fake, ensure } = setUp({ secret: (_, name) => dockerSecret(name) });
  const gate = Promise.withResolvers<string>();
  fake.remote.set("r.example/a:1", () => gate.promise);
  const all = ["p", "q"].map((uid) => ensure("r.example/a:1", undefined, { pod: pod(uid) }));
  all.push(ensure("r.example/a:1", undefined, { pod: pod("r", "s") }));
  await new Promise((resolve) => setTimeout(resolve, 0));
  gate.resolve("sha256:a");
  await Promise.all(all);
  assert.deepEqual(fake.pulls.map(({ user }) => user), [undefined, "s"]);
});

Deno.test("ensure() ends with its signal, cancels the pull and leaves no back-off", async () => {
  const { fake, events, ensure } = setUp();
  const stop = new AbortController();
  fake.remote.set(
    "r.example/a:1",
    ({ signal }) => new Promise((_, reject) => signal!.addEventListener("abort", () => reject(signal!.reason))),
  );
  const ensured = ensure("r.example/a:1", undefined, { signal: stop.signal });
  await new Promise((resolve) => setTimeout(resolve, 0));
  stop.abort(new Error("deleted"));
  await assert.rejects(ensured, /deleted/);
  assert.equal(fake.pulls[0].signal!.aborted, true);
  assert.deepEqual(events, ['Normal Pulling Pulling image "r.example/a:1"']);
  fake.remote.set("r.example/a:1", "sha256:a");
  await ensure("r.example/a:1");
});

Deno.test("pull() uses the node's credentials, tells who collects of what has come, and shows no credential when it fails", async () => {
  const pulled: string[] = [];
  const keyring = parseDockerConfig(JSON.stringify({ auths: { "r.example": { auth: btoa("node:hunter2") } } }));
  const { fake, manager } = setUp({ nodeKeyring: () => keyring, onPulled: (id) => pulled.push(id) });
  const { signal } = new AbortController();
  fake.remote.set("r.example/a:1", "sha256:a");
  assert.equal((await manager.pull("r.example/a:1", signal)).imageRef, "sha256:a");
  assert.deepEqual(fake.pulls.map(({ user }) => user), ["node"]);
  assert.deepEqual(pulled, ["sha256:a"]);
  fake.remote.set("r.example/b:1", new CriError("PullImage", "unknown", "401: hunter2 is wrong"));
  await assert.rejects(manager.pull("r.example/b:1", signal), {
    message: "Cannot pull r.example/b:1: 401: [redacted] is wrong",
  });
});

Deno.test("ensure() pulls any number of images at once where no limit is set", async () => {
  const { fake, ensure } = setUp({ maxParallelPulls: undefined });
  const all = Promise.withResolvers<void>();
  const names = Array.from({ length: 20 }, (_, i) => `r.example/${i}:1`);
  for (const name of names) {
    fake.remote.set(name, async () => {
      if (fake.pulls.length === names.length) all.resolve();
      await all.promise;
      return "sha256:1";
    });
  }
  await Promise.all(names.map((name) => ensure(name)));
  assert.equal(fake.pulls.length, names.length);
});
