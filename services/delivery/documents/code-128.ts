/**
 * Code 128 (ISO/IEC 15417): a text of printable ASCII as bars and spaces. Runs of digits are packed two in a symbol (set C), the rest one by one
 * (set B).
 *
 *   code128("AB12") → { symbols: [104, 33, 34, 17, 18, 19, 106], widths: [2,1,1,2,1,4, …], modules: 79 }
 */

/** Bar, space, bar, space, bar, space of each symbol, in modules; the stop has a bar more. */
const patterns = (
  "212222 222122 222221 121223 121322 131222 122213 122312 132212 221213 221312 231212 112232 122132 122231 113222 123122 123221 223211 221132 " +
  "221231 213212 223112 312131 311222 321122 321221 312212 322112 322211 212123 212321 232121 111323 131123 131321 112313 132113 132311 211313 " +
  "231113 231311 112133 112331 132131 113123 113321 133121 313121 211331 231131 213113 213311 213131 311123 311321 331121 312113 312311 332111 " +
  "314111 221411 431111 111224 111422 121124 121421 141122 141221 112214 112412 122114 122411 142112 142211 241211 221114 413111 241112 134111 " +
  "111242 121142 121241 114212 124112 124211 411212 421112 421211 212141 214121 412121 111143 111341 131141 114113 114311 411113 411311 113141 " +
  "114131 311141 411131 211412 211214 211232 2331112"
).split(" ");

const startB = 104;
const startC = 105;
const toC = 99;
const toB = 100;
const stop = 106;
const lengthMax = 80;

export interface Bars {
  /** Numbers of the symbols: start, data, check, stop. */
  readonly symbols: readonly number[];
  /** Alternately bar and space, a bar first, in modules. */
  readonly widths: readonly number[];
  /** Sum of the widths, without the quiet zones of ten modules on both sides. */
  readonly modules: number;
}

/** How many digits stand from here on. */
const digitsAt = (text: string, at: number): number => /^\d*/.exec(text.slice(at))?.[0].length ?? 0;

/** Whether set C is worth its change: four digits at the beginning or the end, six within; two where there is nothing else. */
const isWorthC = (text: string, at: number): boolean => {
  const digits = digitsAt(text, at);
  const isEdge = at === 0 || at + digits === text.length;
  return digits >= (isEdge ? 4 : 6) || (at === 0 && digits === 2 && text.length === 2);
};

const dataOf = (text: string): readonly number[] => {
  const symbols: number[] = [];
  let set: "B" | "C" | undefined;
  const change = (to: "B" | "C"): void => {
    if (set === to) return;
    if (set === undefined) symbols.push(to === "B" ? startB : startC);
    else symbols.push(to === "B" ? toB : toC);
    set = to;
  };
  for (let at = 0; at < text.length;) {
    const digits = digitsAt(text, at);
    // Of an odd run the first digit stays outside, so that the rest ends in pairs.
    const isPair = digits >= 2 && (set === "C" || (isWorthC(text, at) && digits % 2 === 0));
    change(isPair ? "C" : "B");
    if (isPair) symbols.push(Number(text.slice(at, at + 2)));
    else symbols.push(text.charCodeAt(at) - 32);
    at += isPair ? 2 : 1;
  }
  return symbols;
};

/** Throws `RangeError` for no text, more than 80 characters, or others than those of ASCII from space to `~`. */
export const code128 = (text: string): Bars => {
  if (!/^[ -~]+$/.test(text) || text.length > lengthMax)
    throw new RangeError("a bar code holds 1 to 80 printable characters of ASCII");
  const data = dataOf(text);
  const sum = data.reduce((total, symbol, at) => total + symbol * Math.max(at, 1), 0);
  const symbols = [...data, sum % 103, stop];
  const widths = symbols.flatMap((symbol) => [...(patterns[symbol] ?? "")].map(Number));
  return { symbols, widths, modules: widths.reduce((total, width) => total + width, 0) };
};
