/** Names that the API server makes: `metadata.generateName` and five letters that spell nothing. */

/** Without vowels and without digits that look like letters. */
const alphabet = "bcdfghjklmnpqrstvwxz2456789";
const suffix = 5;
const longest = 63;

/** How often a name is made anew when it is taken. */
export const nameAttempts = 8;

export function generatedName(base: string, random: (below: number) => number = randomBelow): string {
  let name = base.slice(0, longest - suffix);
  for (let count = 0; count < suffix; count++) name += alphabet[random(alphabet.length)];
  return name;
}

function randomBelow(limit: number): number {
  // 243 is the largest multiple of 27 that a byte holds: no letter is likelier than another.
  const bound = 256 - 256 % limit;
  const byte = new Uint8Array(1);
  do crypto.getRandomValues(byte); while (byte[0] >= bound);
  return byte[0] % limit;
}
