/** What was probably meant: the known word with the fewest mistakes. */

/** Mistakes between two words: letters left out, added, changed, or swapped with the next (optimal string alignment). */
export const distance = (a: string, b: string): number => {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      let least = Math.min((last[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1, (last[column - 1] ?? 0) + (same ? 0 : 1));
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1])
        least = Math.min(least, (beforeLast[column - 2] ?? 0) + 1);
      current.push(least);
    }
    beforeLast = last;
    last = current;
  }
  return last[b.length] ?? 0;
};

const lengthMax = 64;

/** The nearest of the words; undefined where none is near: more than a third of its letters are wrong, and it does not begin alike. */
export const nearest = (word: string, known: readonly string[]): string | undefined => {
  if (word.length === 0 || word.length > lengthMax) return undefined;
  const wanted = word.toLowerCase();
  let best: { readonly word: string; readonly mistakes: number } | undefined;
  for (const candidate of known) {
    const lower = candidate.toLowerCase();
    const isBeginning = wanted.length >= 2 && lower.startsWith(wanted);
    const mistakes = isBeginning ? 1 : distance(wanted, lower);
    const allowed = Math.max(1, Math.floor(Math.max(wanted.length, lower.length) / 3));
    if (mistakes <= allowed && (best === undefined || mistakes < best.mistakes)) best = { word: candidate, mistakes };
  }
  return best?.word;
};

/** ` Did you mean "list"?`, or nothing. */
export const didYouMean = (word: string, known: readonly string[]): string | undefined => {
  const found = nearest(word, known);
  return found === undefined ? undefined : `Did you mean "${found}"?`;
};
