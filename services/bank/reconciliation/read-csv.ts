/**
 * Reads a statement as CSV (RFC 4180): a line of names, then one line per booking, separated by comma or semicolon. Names that count, in any order and
 * case; others are left alone:
 *
 *   amount                       decimal in major units with a point; less than zero left the account
 *   valueAt, valueDate, value    day or moment it takes effect       bookedAt, bookingDate, booked, date   day or moment of booking; one of the two is needed
 *   currency                     ISO 4217; that of the account where it is absent
 *   reference, transfer, endToEndId, id
 *   balance                      after the booking: first and last tell the opening and closing balance
 */
import { exponentOf } from "../assets.ts";
import { dayOf, identifierMax, type Imported, linesMax, minorOf, referenceMax, StatementFlaw, textOrNull } from "./imported.ts";

const columnsMax = 64;

interface Record {
  readonly line: number;
  readonly cells: readonly string[];
}

/** Cells of each record, with the line on which it begins. */
const recordsOf = (text: string, separator: string): Record[] => {
  const records: Record[] = [];
  let line = 1;
  let begun = 1;
  let cells: string[] = [];
  let cell = "";
  let quoted = false;
  const endCell = (): void => {
    cells.push(cell);
    cell = "";
    if (cells.length > columnsMax) throw new StatementFlaw(`line ${begun}`, `has more than ${columnsMax} columns`);
  };
  const endRecord = (): void => {
    endCell();
    if (cells.length > 1 || cells[0] !== "") records.push({ line: begun, cells });
    if (records.length > linesMax + 1) throw new StatementFlaw(`line ${begun}`, `is behind the first ${linesMax} bookings`);
    cells = [];
    begun = line;
  };
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at);
    if (character === "\n") line++;
    if (quoted) {
      if (character !== '"') cell += character;
      else if (text.charAt(at + 1) === '"') {
        cell += '"';
        at++;
      } else {
        quoted = false;
        const next = text.charAt(at + 1);
        if (next !== "" && next !== separator && next !== "\r" && next !== "\n")
          throw new StatementFlaw(`line ${line}`, "has text behind a closing quote");
      }
    } else if (character === '"') {
      if (cell !== "") throw new StatementFlaw(`line ${line}`, "has a quote inside a cell");
      quoted = true;
    } else if (character === separator) endCell();
    else if (character === "\n") endRecord();
    else if (character !== "\r" || text.charAt(at + 1) !== "\n") cell += character;
  }
  if (quoted) throw new StatementFlaw(`line ${begun}`, "has a quote that is never closed");
  if (cell !== "" || cells.length > 0) endRecord();
  return records;
};

/** What was led by an apostrophe so that no spreadsheet runs it, as it was. */
const plain = (cell: string): string => (/^'['=+\-@\t\r\n]/.test(cell) ? cell.slice(1) : cell);

const names = {
  amount: ["amount"],
  value: ["valueat", "valuedate", "value"],
  booked: ["bookedat", "bookingdate", "booked", "date"],
  currency: ["currency"],
  reference: ["reference"],
  balance: ["balance"],
} as const;
const identifierNames: readonly string[] = ["transfer", "endtoendid", "id"];

const exponentAt = (currency: string, place: string): number => {
  try {
    return exponentOf(currency);
  } catch {
    throw new StatementFlaw(place, `is in ${currency}, which is no currency of ISO 4217`);
  }
};

/** Reads the text. `currency`: that of the account. Throws `StatementFlaw`. */
export const readCsv = (content: string, { currency }: { readonly currency: string }): Imported => {
  const text = content.charCodeAt(0) === 0xfeff ? content.slice(1) : content;
  const firstLine = text.slice(0, text.search(/[\r\n]|$/));
  const separator = firstLine.split(";").length > firstLine.split(",").length ? ";" : ",";
  const [head, ...records] = recordsOf(text, separator);
  if (head === undefined) throw new StatementFlaw("line 1", "is missing: it names the columns");
  const header = head.cells.map((name) => name.trim().toLowerCase());
  if (new Set(header).size < header.length) throw new StatementFlaw("line 1", "names a column twice");
  const columnOf = (wanted: readonly string[]): number => header.findIndex((name) => wanted.includes(name));
  const columns = {
    amount: columnOf(names.amount),
    value: columnOf(names.value),
    booked: columnOf(names.booked),
    currency: columnOf(names.currency),
    reference: columnOf(names.reference),
    balance: columnOf(names.balance),
  };
  const identifiers = header.flatMap((name, at) => (identifierNames.includes(name) ? [at] : []));
  if (columns.amount === -1) throw new StatementFlaw("line 1", "names no column `amount`");
  if (columns.value === -1 && columns.booked === -1) throw new StatementFlaw("line 1", "names no column with a date");
  const exponent = exponentAt(currency, "line 1");
  let opening: bigint | null = null;
  let closing: bigint | null = null;
  const lines = records.map(({ line, cells }, at) => {
    const place = `line ${line}`;
    if (cells.length !== header.length) throw new StatementFlaw(place, `has ${cells.length} cells, not ${header.length}`);
    const cell = (column: number): string => plain(cells[column] ?? "").trim();
    if (columns.currency !== -1 && cell(columns.currency) !== currency)
      throw new StatementFlaw(place, `is in ${cell(columns.currency) || "no currency"}, not in ${currency}`);
    const amount = minorOf(cell(columns.amount), exponent, `${place}, amount`);
    if (columns.balance !== -1 && cell(columns.balance) !== "") {
      const balance = minorOf(cell(columns.balance), exponent, `${place}, balance`);
      if (at === 0) opening = balance - amount;
      closing = balance;
    }
    const dayIn = (column: number, name: string): string | undefined =>
      column === -1 || cell(column) === "" ? undefined : dayOf(cell(column), `${place}, ${name}`);
    const value = dayIn(columns.value, header[columns.value] ?? "");
    const booked = dayIn(columns.booked, header[columns.booked] ?? "") ?? value;
    if (booked === undefined) throw new StatementFlaw(place, "has no date");
    return {
      position: at + 1,
      amount,
      bookedOn: booked,
      valueOn: value ?? booked,
      reference: columns.reference === -1 ? null : textOrNull(cell(columns.reference), referenceMax),
      ids: identifiers.flatMap((column) => textOrNull(cell(column), identifierMax) ?? []),
    };
  });
  const days = lines.map(({ bookedOn }) => bookedOn).toSorted();
  const [from] = days;
  if (from === undefined) throw new StatementFlaw("line 2", "is missing: there are no bookings");
  return { id: null, account: null, currency, opening, closing, from, to: days.at(-1) ?? from, lines };
};
