/**
 * The Huffman code of header fields (RFC 7541 section 5.2 and appendix B). The code is canonical: codes of one length follow each other in the order of their
 * symbols, so that their lengths say everything. It is read four bits at a time, by a table made once; the shortest code has five bits, so that four of them
 * end one symbol at most.
 */

/** Length of each symbol's code in bits, in base 36; the last one is EOS. */
const lengths =
  "dnsssssssoussussssssssusssssssss6aacd68baa8b8666555666666678f6ca" +
  "d67777777777777777777777878djde6f56565666577666567655677777fbeds" +
  "kmkkmmmnmnnnnnonoomnonnnnlmnmnnomlkmmnnlnmmolmnnllmlnmnnkmmmnmmn" +
  "qqkjmnmpqqqrrqopjlqrrqrollqqsrrrkoklmllnmmppooqnqrqqrrrrrsrrrrrq" +
  "u";
const endOfString = 256;
const longest = 30;
/** Padding is the beginning of EOS, shorter than a byte. */
const paddingBitsMax = 7;

/** A step of four bits: the node they lead to, and the symbol they end, if any, by 1 more. */
interface Table {
  /** `node * 16 + bits` → `node << 9 | symbol + 1`; -1: EOS, which no text has. */
  readonly steps: Int32Array;
  /** Nodes at which a text may end. */
  readonly ends: Uint8Array;
}

/** Children of each node by bit: a node, or a symbol as `-1 - symbol`. Node 0 is the root. */
const treeOf = (): readonly (readonly [number, number])[] => {
  const tree: [number, number][] = [[0, 0]];
  let code = 0;
  for (let length = 1; length <= longest; length++, code *= 2) {
    for (let symbol = 0; symbol < lengths.length; symbol++) {
      if (Number.parseInt(lengths.charAt(symbol), 36) !== length) continue;
      let node = 0;
      for (let bit = length - 1; bit > 0; bit--) {
        const side = Math.floor(code / 2 ** bit) % 2;
        const [left, right] = tree[node] as [number, number];
        let next = side === 0 ? left : right;
        if (next === 0) {
          next = tree.push([0, 0]) - 1;
          (tree[node] as [number, number])[side] = next;
        }
        node = next;
      }
      (tree[node] as [number, number])[code % 2] = -1 - symbol;
      code++;
    }
  }
  return tree;
};

const tableOf = (): Table => {
  const tree = treeOf();
  const steps = new Int32Array(tree.length * 16);
  for (let node = 0; node < tree.length; node++) {
    for (let bits = 0; bits < 16; bits++) {
      let at = node;
      let symbol = -1;
      for (let bit = 3; bit >= 0; bit--) {
        const next = (tree[at] as readonly [number, number])[(bits >> bit) & 1] as number;
        if (next < 0) symbol = -1 - next;
        at = Math.max(next, 0);
      }
      steps[node * 16 + bits] = symbol === endOfString ? -1 : (at << 9) | (symbol + 1);
    }
  }
  const ends = new Uint8Array(tree.length);
  for (let node = 0, bits = 0; bits <= paddingBitsMax; bits++) {
    ends[node] = 1;
    node = Math.max(0, (tree[node] as readonly [number, number])[1]);
  }
  return { steps, ends };
};

let made: Table | undefined;

/** The text of `length` bytes from `from` on; undefined where they are no code. At most `length * 8 / 5` characters. */
export const decodeHuffman = (bytes: Uint8Array, from: number, length: number): string | undefined => {
  const { steps, ends } = (made ??= tableOf());
  let text = "";
  let node = 0;
  for (let at = from; at < from + length; at++) {
    const byte = bytes[at] as number;
    const high = steps[node * 16 + (byte >> 4)] as number;
    if (high < 0) return undefined;
    if ((high & 511) !== 0) text += String.fromCharCode((high & 511) - 1);
    const low = steps[(high >> 9) * 16 + (byte & 15)] as number;
    if (low < 0) return undefined;
    if ((low & 511) !== 0) text += String.fromCharCode((low & 511) - 1);
    node = low >> 9;
  }
  return ends[node] === 1 ? text : undefined;
};
