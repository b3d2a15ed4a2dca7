/**
 * `/islet/v1/images`: the runtime's images.
 *
 *     GET                                  all of them, and what holds them
 *     POST /prune?all=true&dryRun=All      removes what nothing needs
 *     POST /pull      { "image": REF }     with the node's credentials
 *     POST /import    an archive           .tar, .tar.gz or .tar.zst, of any size
 */
import type { Context, Hono } from "hono";
import { ImageCommandError, type ImageCommands } from "../images/mod.ts";
import { errorText } from "../telemetry/log.ts";
import type { AppEnv } from "./request.ts";
import { ApiError, badRequest } from "./status.ts";

const path = "/islet/v1/images";

export function imageRoutes(
  app: Hono<AppEnv>,
  images: Pick<ImageCommands, "list" | "prune" | "pull" | "import">,
): void {
  app.get(path, async (c) => c.json({ items: await done(images.list()) }));
  app.post(`${path}/prune`, async (c) => {
    const dryRun = c.req.query("dryRun");
    if (dryRun && dryRun !== "All") throw badRequest(`dryRun may be All, not ${JSON.stringify(dryRun)}`);
    const options = { all: c.req.query("all") === "true", dryRun: dryRun === "All" };
    return c.json(await done(images.prune(options)));
  });
  app.post(`${path}/pull`, async (c) => {
    const image = await imageOf(c);
    return c.json({ image: await done(images.pull(image, c.req.raw.signal)) });
  });
  app.post(`${path}/import`, async (c) => {
    const { body, signal } = c.req.raw;
    if (!body) throw badRequest("the request has no body: it is to be an archive of images");
    try {
      return c.json({ items: await done(images.import(body, signal)) });
    } catch (err) {
      // who is still sending would not see the answer
      if (!signal.aborted) await readOn(body);
      throw err;
    }
  });
}

async function imageOf(c: Context<AppEnv>): Promise<string> {
  let body: unknown;
  try {
    body = await c.req.json();
  } catch {
    throw badRequest("the body of the request is no JSON");
  }
  const { image } = Object(body) as Record<string, unknown>;
  if (typeof image !== "string" || image === "") throw badRequest("image must be the name of an image");
  return image;
}

/** What the runtime or a registry refuses is told in its own words. */
async function done<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (err) {
    if (err instanceof ImageCommandError) throw badRequest(err.message);
    throw new ApiError(502, "ImageCommandFailed", errorText(err), {});
  }
}

async function readOn(body: ReadableStream<Uint8Array>): Promise<void> {
  if (body.locked) return;
  try {
    for await (const _ of body);
  } catch { /* it broke off */ }
}
