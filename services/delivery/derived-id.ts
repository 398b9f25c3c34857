/** Ids that follow from a text: what is looked up by the text is found by its id, and there is one of it. */

const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const length = 26;

/** `prefix_` and 26 characters of Crockford base 32, made from the text's SHA-256: 128 bits of it. */
export const derivedId = (prefix: string, text: string): string => {
  const hash = Bun.SHA256.hash(text) as Uint8Array;
  // The first character of an id holds three bits.
  const characters = [...hash.subarray(0, length)].map((byte, at) => alphabet[at === 0 ? byte & 7 : byte & 31] ?? "");
  return `${prefix}_${characters.join("")}`;
};
