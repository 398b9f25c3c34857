/** Messages of the platform by language (BCP 47): those of each of its areas. English is in the definitions; a test finds what a language does not say. */
import type { Messages } from "pons";
import { analytics } from "./analytics.ts";
import { commerce } from "./commerce.ts";
import { identity } from "./identity.ts";
import { webhooks } from "./webhooks.ts";

/** What one area says, in every language. */
export type Area = Readonly<Record<"bg" | "de" | "es" | "fr" | "hu" | "ru", Readonly<Record<string, string>>>>;

const areas: readonly Area[] = [identity, commerce, analytics, webhooks];

export const messages: Messages = Object.fromEntries(
  (["bg", "de", "es", "fr", "hu", "ru"] as const).map((language) => [
    language,
    Object.assign({}, ...areas.map((area) => area[language])) as Record<string, string>,
  ]),
);
