/**
 * An attacker with a directory: exchanges a real directory for a symbolic link that leads out, atomically and as fast
 * as it can, until it is killed. Its own process, so that it runs truly beside what it attacks.
 *
 *     deno run -A symlink_swapper.ts DIRECTORY LINK
 */
const [directory, link] = Deno.args;
const libc = Deno.dlopen("libc.so.6", {
  renameat2: { parameters: ["i32", "buffer", "i32", "buffer", "u32"], result: "i32" },
}).symbols;
const cString = (text: string) => new TextEncoder().encode(text + "\0");
const [a, b] = [cString(directory), cString(link)];
/** Paths are absolute: the descriptors do not matter. */
const AT_FDCWD = -100;
const RENAME_EXCHANGE = 2;

if (libc.renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE) !== 0) {
  console.error(`Cannot exchange ${directory} and ${link}`);
  Deno.exit(1);
}
console.log("swapping");
while (true) libc.renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE);
