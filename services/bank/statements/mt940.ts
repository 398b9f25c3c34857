/**
 * Statements as SWIFT MT940 (Standards MT, category 9): the text block of one message.
 *
 *   :20:  reference of the message          :28C: number of the statement: year and day, page 1
 *   :25:  account                           :60F: opening balance
 *   :61:  an entry, with :86: its details   :62F: closing balance        :64: available balance
 *
 * Only the characters of set X may stand in it: letters with marks lose them, Cyrillic is transliterated, the rest becomes a point. An amount has at most
 * 15 characters with its comma; a statement with a longer one is not written.
 */
import { major } from "../assets.ts";
import { daysOf, type Entry, numberOf, type Statement, type Unrepresentable } from "./statement.ts";

const amountLengthMax = 15;
const detailLineMax = 65;
const detailLinesMax = 6;
const referenceMax = 16;

/** Cyrillic of Bulgarian and Russian in Latin letters, lower case. */
const latin: Readonly<Record<string, string>> = Object.fromEntries(
  (
    "а a б b в v г g д d е e ё e ж zh з z и i й y к k л l м m н n о o п p р r с s т t у u ф f х h ц ts ч ch ш sh щ sht ъ a ы y ь - э e ю yu я ya " +
    "ß ss æ ae œ oe ø o đ d ð d þ th ł l ı i"
  )
    .split(" ")
    .reduce<[string, string][]>((pairs, part, at, all) => {
      if (at % 2 === 0) pairs.push([part, (all[at + 1] ?? "").replace("-", "")]);
      return pairs;
    }, []),
);

const replacements: Readonly<Record<string, string>> = {
  _: "-",
  "&": "+",
  "€": "EUR",
  "\u2019": "'",
  "\u2013": "-",
  "\u2014": "-",
  "@": "(at)",
};

const inLatin = (character: string): string => {
  const lower = character.toLowerCase();
  const letters = latin[lower];
  if (letters === undefined) return character;
  return lower === character ? letters : letters.slice(0, 1).toUpperCase() + letters.slice(1);
};

/** Text in set X, on one line. */
export const setX = (text: string): string =>
  [...text.normalize("NFC")]
    .map((character) => replacements[character] ?? inLatin(character))
    .join("")
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .replace(/\s+/gu, " ")
    .replace(/[^A-Za-z0-9/\-?:().,'+ ]/gu, ".")
    .trim();

/** Text of a reference: no slash at either end, none twice. */
const referenceText = (text: string): string =>
  setX(text)
    .replace(/\/{2,}/g, "/")
    .slice(0, referenceMax)
    .replace(/^[/ ]+|[/ ]+$/g, "");

/** `2026-11-25` → `261125`. */
const dayOf = (moment: string): string => moment.slice(2, 10).replaceAll("-", "");

/** `123.45` → `123,45`; `123` → `123,`. */
const amountText = (amount: bigint, currency: string): string => {
  const text = major(amount < 0n ? -amount : amount, currency);
  return text.includes(".") ? text.replace(".", ",") : `${text},`;
};

const balanceText = (amount: bigint, currency: string, day: string): string =>
  `${amount < 0n ? "D" : "C"}${dayOf(day)}${currency}${amountText(amount, currency)}`;

/** Transaction type of :61:, behind the N. */
const types: Readonly<Partial<Record<Entry["kind"], string>>> = {
  payment: "TRF",
  payout: "TRF",
  settlement: "TRF",
  fee: "CHG",
  interest: "INT",
  fx: "FEX",
};

/** Text in lines; none after the first may begin with a colon or a dash, which would end the field. */
export const wrap = (text: string): string[] => {
  const lines: string[] = [];
  let rest = text;
  while (rest !== "" && lines.length < detailLinesMax) {
    let end = Math.min(detailLineMax, rest.length);
    while (end < rest.length && end > 1 && /[:\- ]/.test(rest.charAt(end))) end--;
    lines.push(rest.slice(0, end));
    rest = rest.slice(end);
  }
  return lines;
};

const entryLines = (entry: Entry, statement: Statement): string[] => {
  const { amount, reference, transfer } = entry;
  // Reversals: RC takes back a credit, RD a debit.
  const mark = entry.reverses === null ? (amount < 0n ? "D" : "C") : amount < 0n ? "RC" : "RD";
  const owner = referenceText(reference ?? "");
  const bookedOn = dayOf(entry.bookedAt).slice(2);
  const counterparty = numberOf(entry.counterparty, statement);
  const details = setX(
    `/EREF/${transfer.replace(/^trf_/, "")}/CNTP/${"iban" in counterparty ? counterparty.iban : counterparty.id}` +
      (reference === null ? "" : `/REMI/${reference}`),
  );
  return [
    `:61:${dayOf(entry.valueAt)}${bookedOn}${mark}${amountText(amount, statement.account.currency)}N${types[entry.kind] ?? "MSC"}` +
      `${owner === "" ? "NONREF" : owner}//${transfer.slice(-referenceMax)}`,
    ...wrap(details).map((line, at) => (at === 0 ? `:86:${line}` : line)),
  ];
};

const dayMs = 86_400_000;

/** Year and day of the year: `26329`. */
const statementNumber = (day: string): string => {
  const ordinal = (Date.parse(day) - Date.parse(`${day.slice(0, 4)}-01-01`)) / dayMs + 1;
  return day.slice(2, 4) + String(ordinal).padStart(3, "0");
};

/** The statement as text with CRLF. */
export const mt940 = (statement: Statement): string | Unrepresentable => {
  const { account, opening, closing, available, entries, toSeq } = statement;
  const { currency } = account;
  const days = daysOf(statement);
  const tooLong = [opening, closing, available ?? 0n, ...entries.map(({ amount }) => amount)].find(
    (amount) => amountText(amount, currency).length > amountLengthMax,
  );
  if (tooLong !== undefined) return { unrepresentable: tooLong < 0n ? -tooLong : tooLong };
  const number = numberOf(account.id, statement);
  return [
    `:20:${`${toSeq}`.slice(-referenceMax)}`,
    `:25:${setX("iban" in number ? number.iban : number.id)}`,
    `:28C:${statementNumber(days.closing)}/1`,
    `:60F:${balanceText(opening, currency, days.opening)}`,
    ...entries.flatMap((entry) => entryLines(entry, statement)),
    `:62F:${balanceText(closing, currency, days.closing)}`,
    ...(available === null ? [] : [`:64:${balanceText(available, currency, days.closing)}`]),
    "-",
    "",
  ].join("\r\n");
};
