/** Languages beside English, in the order in which tables of messages have them. */
export const languages = ["bg", "de", "es", "fr", "hu", "ru"] as const;

/** A text in each of `languages`. */
export type SixLanguages = readonly [bg: string, de: string, es: string, fr: string, hu: string, ru: string];
