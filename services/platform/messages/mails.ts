/** What mails say, in each language. `{name}` stands for a value. */
import type { MailKind } from "../identity/mail-fields.ts";
import { bg } from "./mails/bg.ts";
import { de } from "./mails/de.ts";
import { en } from "./mails/en.ts";
import { es } from "./mails/es.ts";
import { fr } from "./mails/fr.ts";
import { hu } from "./mails/hu.ts";
import { ru } from "./mails/ru.ts";

export interface MailText {
  readonly subject: string;
  readonly text: string;
}

export type MailTexts = Readonly<Record<MailKind, MailText>>;

export const mailTexts: Readonly<Record<string, MailTexts>> = { bg, de, en, es, fr, hu, ru };

const subjectLengthMax = 255;

/** A subject is one line: what is put into it may hold anything. */
const oneLine = (text: string): string => text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ").slice(0, subjectLengthMax);

const fill = (text: string, values: Readonly<Record<string, string>>): string =>
  text.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);

/** A mail in a language (BCP 47): English where there is no such one. */
export const mailText = (kind: MailKind, language: string, values: Readonly<Record<string, string>>): MailText => {
  const { subject, text } = (mailTexts[language.split("-")[0]?.toLowerCase() ?? ""] ?? en)[kind];
  return { subject: oneLine(fill(subject, values)), text: fill(text, values) };
};
