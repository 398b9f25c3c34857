/** Messages of the delivery service by language (BCP 47). A test finds what a language does not say. */
import type { Messages, ResourceDefinition } from "pons";
import { commentsIn } from "./comments.ts";
import { en } from "./en.ts";
import { languages } from "./languages.ts";
import { names } from "./names.ts";
import { refusals } from "./refusals.ts";

/** Messages about the fields of these resources, about all refusals, and sentences that answers hold. */
export const messagesOf = (resources: readonly ResourceDefinition[]): Messages => ({
  en: { ...en, ...commentsIn(0) },
  ...Object.fromEntries(
    languages.map((language, index) => [
      language,
      {
        ...commentsIn(index + 1),
        ...Object.fromEntries(Object.entries(refusals).map(([type, texts]) => [`error.${type}`, texts[index] ?? ""])),
        // Within objects, and in what is asked of functions.
        ...Object.fromEntries(Object.entries(names).map(([name, texts]) => [`field.${name}`, texts[index] ?? ""])),
        ...Object.fromEntries(
          resources.flatMap(({ name, fields }) =>
            Object.keys(fields).flatMap((field) => {
              const text = names[field]?.[index];
              return text === undefined ? [] : [[`field.${name}.${field}`, text]];
            }),
          ),
        ),
      },
    ]),
  ),
});
