/**
 * Reading numbers out of the kernel's small text files without taking the whole text apart: usage is read for hundreds
 * of cgroups in one go, and of `memory.stat`'s forty lines six are wanted.
 */

/** The number behind a key at the start of a line (`total_rss 4096`); undefined where there is none. */
export function flatValue(text: string, key: string): number | undefined {
  const wanted = `${key} `;
  let at = text.startsWith(wanted) ? 0 : -1;
  if (at < 0) {
    at = text.indexOf(`\n${wanted}`);
    if (at < 0) return undefined;
    at++;
  }
  return digitsAt(text, at + wanted.length);
}

/** The decimal number that begins at `at`; undefined where there is no digit. */
export function digitsAt(text: string, at: number): number | undefined {
  const digit = text.charCodeAt(at) - 48;
  // no number of the kernel's has more digits than these
  return digit >= 0 && digit <= 9 ? parseInt(text.slice(at, at + 20), 10) : undefined;
}

/** A file that holds one number; undefined for `max`, for what is no number and for no file. */
export function singleValue(text: string | undefined): number | undefined {
  return text === undefined ? undefined : digitsAt(text, 0);
}
