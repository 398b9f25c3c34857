/** Messages of the delivery service by language (BCP 47). A test finds what a language does not say. */
import type { Messages, ResourceDefinition } from "pons";
import { commentsIn } from "./comments.ts";
import { en } from "./en.ts";
import { languages } from "./languages.ts";
import { names } from "./names.ts";
import { refusals } from "./refusals.ts";

const wordsIn = (index: number, resources: readonly ResourceDefinition[]): Record<string, string> => {
  const words: Record<string, string> = { ...commentsIn(index + 1) };
  for (const [type, texts] of Object.entries(refusals)) words[`error.${type}`] = texts[index] ?? "";
  // Within objects, and in what is asked of functions.
  for (const [name, texts] of Object.entries(names)) words[`field.${name}`] = texts[index] ?? "";
  for (const { name: resource, fields } of resources) {
    for (const field of Object.keys(fields)) {
      const text = names[field]?.[index];
      if (text !== undefined) words[`field.${resource}.${field}`] = text;
    }
  }
  return words;
};

/** Messages about the fields of these resources, about all refusals, and sentences that answers hold. */
export const messagesOf = (resources: readonly ResourceDefinition[]): Messages => ({
  en: { ...en, ...commentsIn(0) },
  ...Object.fromEntries(languages.map((language, index) => [language, wordsIn(index, resources)])),
});
