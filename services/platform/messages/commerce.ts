/** Messages about environments, products, plans, subscriptions and policies. */

export const commerce: Readonly<Record<"bg" | "de" | "es" | "fr" | "hu" | "ru", Readonly<Record<string, string>>>> = {
  bg: {},
  de: {},
  es: {},
  fr: {},
  hu: {},
  ru: {},
};
