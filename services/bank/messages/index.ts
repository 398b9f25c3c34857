/** Messages of the bank by language (BCP 47): those of each of its parts. English is in the definitions; a test finds what a language does not say. */
import type { Messages } from "pons";
import { approvals } from "./approvals.ts";
import { bg } from "./bg.ts";
import { business } from "./business.ts";
import { de } from "./de.ts";
import { es } from "./es.ts";
import { fr } from "./fr.ts";
import { hu } from "./hu.ts";
import { investing } from "./investing.ts";
import { kyc } from "./kyc.ts";
import { ledger } from "./ledger.ts";
import { money } from "./money.ts";
import { risk } from "./risk.ts";
import { reconciliation } from "./reconciliation.ts";
import { ru } from "./ru.ts";
import { statements } from "./statements.ts";

/** What one part of the bank says, in every language. */
export type Area = Readonly<Record<"bg" | "de" | "es" | "fr" | "hu" | "ru", Readonly<Record<string, string>>>>;

const areas: readonly Area[] = [
  { bg, de, es, fr, hu, ru },
  ledger,
  money,
  business,
  investing,
  statements,
  risk,
  kyc,
  approvals,
  reconciliation,
];

export const messages: Messages = Object.fromEntries(
  (["bg", "de", "es", "fr", "hu", "ru"] as const).map((language) => [
    language,
    Object.assign({}, ...areas.map((area) => area[language])) as Record<string, string>,
  ]),
);
