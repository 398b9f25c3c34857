/** Hours of a service point as a line of text, in the language of who asks: the week, and dates to come that differ. */
import { languages, type SixLanguages } from "../messages/languages.ts";
import { localDate, type OpeningHours, type WorktimeWords, worktimeOf } from "../tariffs/index.ts";

const closed: SixLanguages = ["затворено", "geschlossen", "cerrado", "fermé", "zárva", "закрыто"];

/** 1 January 2024 was a Monday. */
const weekdaysOf = (language: string): readonly string[] => {
  const format = new Intl.DateTimeFormat(language, { weekday: "short", timeZone: "UTC" });
  return Array.from({ length: 7 }, (_, day) => format.format(Date.UTC(2024, 0, 1 + day)));
};

const wordsOf: ReadonlyMap<string, WorktimeWords> = new Map([
  ["en", { weekdays: weekdaysOf("en"), closed: "closed" }],
  ...languages.map((language, at) => [language, { weekdays: weekdaysOf(language), closed: closed[at] ?? "" }] as const),
]);

export const workTimeIn = (
  locale: string,
  { timeZone, ...hours }: OpeningHours & { readonly timeZone: string },
  now: string,
): string => {
  const words = wordsOf.get(locale.split("-")[0] ?? "en");
  return worktimeOf(hours, { since: localDate(now, timeZone), ...(words === undefined ? {} : { words }) });
};
