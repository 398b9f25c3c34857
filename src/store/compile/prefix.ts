/**
 * The upper end of the range of all texts that start with a prefix, in code point order: `prefix <= text < prefixEnd(prefix)`. A range can
 * use an index, which a comparison of starts cannot.
 */

/** Larger than any text of assigned characters: U+10FFFF is a noncharacter. It ends the range of the empty prefix. */
const end = "\u{10FFFF}".repeat(64);

const lastOf = 0x10ffff;

/** The smallest text larger than every text that starts with `prefix`. */
export const prefixEnd = (prefix: string): string => {
  const points = Array.from(prefix, (character) => character.codePointAt(0) ?? 0);
  while (points.length > 0) {
    const last = points.pop() ?? 0;
    if (last === lastOf) continue;
    // The surrogates are no characters: U+E000 follows U+D7FF.
    return String.fromCodePoint(...points, last === 0xd7ff ? 0xe000 : last + 1);
  }
  return end;
};
