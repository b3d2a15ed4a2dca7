/** `islet images [ls|prune|import|pull]`: the runtime's images. */
import { shortDuration } from "../age.ts";
import { columnWidths, formatTable } from "../api/printers/table.ts";
import type { ImageInfo } from "../images/mod.ts";
import { type Arguments, describeVerb, type Flag, parseArguments } from "./arguments.ts";
import { apiPath, type Client, clientFlags, clientFor, ServerError } from "./client.ts";
import { print, printJson, printYaml, warn } from "./output.ts";
import { UsageError } from "./usage.ts";

const flags: readonly Flag[] = [
  { name: "output", short: "o", value: "FORMAT", help: "of the list", oneOf: ["json", "yaml", "wide"] },
  { name: "no-trunc", help: "whole ids" },
  { name: "all", help: "prune also those that are young or were imported by hand" },
  { name: "dry-run", help: "only say what prune would remove" },
  ...clientFlags,
];

const path = "/islet/v1/images";

const usage = `Shows the images on this machine, and does by hand what otherwise happens by itself.

  ls              all images: their size, when they were used last, what holds them (default)
  prune           remove what no pod uses or wants, and no archive brought
  import FILE…    bring images in from archives (.tar, .tar.gz, .tar.zst; - is standard input); they stay until pruned
  pull REF…       fetch images with the node's own credentials`;

export async function images(words: string[]): Promise<number> {
  const args = parseArguments(words, flags);
  if (args.help) {
    print(describeVerb("images [ls|prune|import FILE…|pull REF…] [FLAGS]", usage, flags));
    return 0;
  }
  const [what = "ls", ...rest] = [...args.words, ...args.rest ?? []];
  const client = clientFor(args);
  switch (what) {
    case "ls":
    case "list":
      refuseWords(what, rest);
      return await list(client, args);
    case "prune":
      refuseWords(what, rest);
      return await prune(client, args);
    case "import":
      if (rest.length === 0) throw new UsageError("say what to import: islet images import FILE");
      return await each(rest, (file) => importArchive(client, file));
    case "pull":
      if (rest.length === 0) throw new UsageError("say what to pull: islet images pull REF");
      return await each(rest, (image) => pull(client, image));
    default:
      throw new UsageError(`unknown command ${JSON.stringify(what)}: it is one of ls, prune, import, pull`);
  }
}

function refuseWords(what: string, rest: string[]): void {
  if (rest.length > 0) throw new UsageError(`images ${what} takes no ${JSON.stringify(rest[0])}`);
}

/** All of them, past those that fail. */
async function each(names: string[], work: (name: string) => Promise<void>): Promise<number> {
  let code = 0;
  for (const name of names) {
    try {
      await work(name);
    } catch (err) {
      if (!(err instanceof ServerError || err instanceof Deno.errors.NotFound)) throw err;
      warn(`${name}: ${err instanceof ServerError ? err.status.message ?? err.message : "there is no such file"}`);
      code = 1;
    }
  }
  return code;
}

async function list(client: Client, args: Arguments): Promise<number> {
  const { items } = await client.json<{ items: ImageInfo[] }>(path);
  const output = args.get("output");
  if (output === "json") printJson({ items });
  else if (output === "yaml") await printYaml({ items });
  else {
    const options = { now: Date.now(), wide: output === "wide", whole: args.is("no-trunc") };
    const rows = imageRows(items, options);
    for (const line of formatTable(rows, columnWidths(rows))) print(line);
  }
  return 0;
}

async function prune(client: Client, args: Arguments): Promise<number> {
  const dryRun = args.is("dry-run");
  const target = apiPath(`${path}/prune`, { all: args.is("all"), dryRun: dryRun ? "All" : undefined });
  const { images, freedBytes } = await (await client.send("POST", target)).json() as {
    images: ImageInfo[];
    freedBytes: number;
  };
  for (const image of images) print(`${nameOf(image)} ${dryRun ? "would be removed" : "removed"}`);
  if (images.length === 0) print("Nothing is unused.");
  else if (!dryRun) print(`${bytes(freedBytes)} freed`);
  return 0;
}

async function importArchive(client: Client, file: string): Promise<void> {
  using opened = file === "-" ? undefined : await Deno.open(file);
  const body = opened?.readable ?? Deno.stdin.readable;
  const answer = await client.send("POST", `${path}/import`, body, "application/x-tar");
  const { items } = await answer.json() as { items: ImageInfo[] };
  for (const image of items) print(`${nameOf(image)} imported`);
}

async function pull(client: Client, image: string): Promise<void> {
  const answer = await client.send("POST", `${path}/pull`, JSON.stringify({ image }));
  const { image: pulled } = await answer.json() as { image?: ImageInfo };
  print(`${image} pulled${pulled ? ` (${bytes(pulled.sizeBytes)}, ${shortId(pulled.id)})` : ""}`);
}

/** A row for each tag, as docker and crictl have it; the head first. */
export function imageRows(
  items: readonly ImageInfo[],
  { now, wide = false, whole = false }: { now: number; wide?: boolean; whole?: boolean },
): string[][] {
  const rows = items.flatMap((image) => {
    const { id, repoTags, repoDigests, sizeBytes, lastUsed, hold = "", pods } = image;
    const names = repoTags.length > 0
      ? repoTags
      : repoDigests.length > 0
      ? [`${repoDigests[0].split("@")[0]}:`]
      : [":"];
    const used = hold === "in use" ? "now" : lastUsed ? `${shortDuration(now - Date.parse(lastUsed))} ago` : "never";
    return names.map((name) => {
      const colon = name.lastIndexOf(":");
      return [
        name.slice(0, colon) || "<none>",
        name.slice(colon + 1) || "<none>",
        whole ? id : shortId(id),
        bytes(sizeBytes),
        used,
        hold,
        ...(wide ? [repoDigests[0]?.split("@")[1] ?? "", pods.join(",")] : []),
      ];
    });
  });
  return [["REPOSITORY", "TAG", "IMAGE ID", "SIZE", "USED", "HELD", ...(wide ? ["DIGEST", "PODS"] : [])], ...rows];
}

function nameOf({ repoTags, repoDigests, id }: ImageInfo): string {
  return repoTags.join(" ") || repoDigests[0] || id;
}

function shortId(id: string): string {
  return id.replace(/^sha256:/, "").slice(0, 13);
}

/** `12.3MB`: decimal, as docker and crictl show sizes. */
function bytes(count: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let at = 0;
  for (; count >= 1000 && at < units.length - 1; at++) count /= 1000;
  return `${at === 0 ? count : Number(count.toPrecision(3))}${units[at]}`;
}
