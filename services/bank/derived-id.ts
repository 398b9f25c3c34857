/** Ids that follow from a text: the same work done again gets the same id, and so is done once. */

const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const bytes = 16;

/** `prefix_` and the first 128 bits of the text's SHA-256 in Crockford base 32. */
export const derivedId = (prefix: string, text: string): string => {
  const hash = Bun.SHA256.hash(text) as Uint8Array;
  let id = `${prefix}_`;
  // 26 characters of five bits: two zero bits stand before the 128.
  let rest = 0;
  let restBits = 2;
  for (let position = 0; position < bytes; position++) {
    rest = (rest << 8) | (hash[position] as number);
    restBits += 8;
    while (restBits >= 5) {
      restBits -= 5;
      id += alphabet[(rest >>> restBits) & 31] as string;
      rest &= (1 << restBits) - 1;
    }
  }
  return id;
};
