/** What a file of the log directory is, by its name or its first bytes: text, or not. */
const byName: Record<string, string> = {
  gz: "application/gzip",
  html: "text/html; charset=utf-8",
  json: "application/json",
  xz: "application/x-xz",
  zst: "application/zstd",
};

const text = "text/plain; charset=utf-8";
const looked = 512;

/** The file is left where it stood. */
export function contentType(name: string, file: Deno.FsFile): string {
  const known = byName[/\.([a-z0-9]+)$/i.exec(name)?.[1].toLowerCase() ?? ""];
  if (known) return known;
  const at = file.seekSync(0, Deno.SeekMode.Current);
  const buffer = new Uint8Array(looked);
  const read = file.readSync(buffer) ?? 0;
  file.seekSync(at, Deno.SeekMode.Start);
  return buffer.subarray(0, read).some(isBinary) ? "application/octet-stream" : text;
}

/** Control characters that no text has: not those of lines, tabs, pages and terminals' colours. */
function isBinary(byte: number): boolean {
  return byte < 0x20 && !(byte >= 0x09 && byte <= 0x0d) && byte !== 0x1b;
}
