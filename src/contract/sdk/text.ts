/** Names and comments of generated code. */

/** Text that may stand in a comment on one line. */
export const sentence = (text: string): string => text.replaceAll("*/", "*\\/").replaceAll(/\s+/g, " ").trim();

/** `stats.byCurrency` → `StatsByCurrency`. */
export const pascal = (name: string): string =>
  name.replaceAll(/(?:^|[._-])([a-z0-9])/gi, (_, letter: string) => letter.toUpperCase());
