/**
 * Which patterns a field may have: those that match in time linear in the length of the value, so that no value can stall the process.
 */

const backReference = /\\[1-9k]/;
const lookAround = /\(\?<?[=!]/;
const nestedQuantifier = /[*+}?]\)[*+{]/;

/** What is wrong with a pattern, in one sentence; `undefined` when it may be used. */
export const checkPattern = (pattern: string): string | undefined => {
  try {
    new RegExp(pattern, "u");
  } catch (error) {
    return `is no regular expression: ${error instanceof Error ? error.message : String(error)}`;
  }
  if (backReference.test(pattern)) return "has a back reference";
  if (lookAround.test(pattern)) return "looks ahead or behind";
  if (nestedQuantifier.test(pattern)) return "repeats a group that repeats";
  return undefined;
};
