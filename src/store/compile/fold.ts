/**
 * Text without letter case, the same in JavaScript, in SQLite (which calls this function) and in Postgres (ICU's root locale).
 *
 * It is Unicode's full lower case mapping without its two rules that look at more than the character: a final sigma is a sigma, and the
 * dotted capital I (U+0130) is an i. So `contains("straSSE", "STRASSE")`, `contains("ÉCLAIR", "éclair")`, `contains("ὈΔΥΣΣΕΎΣ", "ς")` hold.
 * It is not full case folding: "ß" and "SS" stay different. Letters that were added to Unicode after the database's ICU keep their case there.
 */
export const foldText = (text: string): string => text.replaceAll("İ", "i").toLowerCase().replaceAll("ς", "σ");
