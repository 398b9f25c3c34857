/** Ids that follow from a text: the same work done again gets the same id, and so is done once. */

const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** `prefix_` and the first 128 bits of the text's SHA-256 in Crockford base 32. */
export const derivedId = (prefix: string, text: string): string => {
  const hash = Bun.SHA256.hash(text) as Uint8Array;
  let value = 0n;
  for (const byte of hash.subarray(0, 16)) value = (value << 8n) | BigInt(byte);
  let id = "";
  for (let position = 0; position < 26; position++) {
    id = (alphabet[Number(value & 31n)] as string) + id;
    value >>= 5n;
  }
  return `${prefix}_${id}`;
};
