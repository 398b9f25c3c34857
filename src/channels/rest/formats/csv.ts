/**
 * CSV (RFC 4180) out: a list of objects to a header line and one line per object, ended by CRLF.
 *
 *   { id: 7, owner: { name: "A" }, tags: ["x"], closed: null, note: "" }
 *   →  id,owner.name,tags,closed,note
 *      7,A,"[""x""]",,""
 *
 * Nested objects become columns with dotted names (a dot or backslash in a name is escaped by a backslash), arrays and
 * empty objects JSON in a cell, binary base64. null and undefined are the empty cell; the empty string is `""`.
 * Formula injection: a string whose first character makes a spreadsheet calculate (= + - @, also in full width or behind
 * white space, tab CR LF) gets an apostrophe in front, unless it is a plain number like -12.50; so does a string that begins with apostrophes and then one of
 * these, which makes it reversible: csv-parse.ts takes one apostrophe off again. Numbers are never touched. Names of
 * columns are guarded likewise.
 */
import { stringifyJson } from "./json.ts";
import { toBase64 } from "./plain.ts";
import type { PlainObject, PlainValue } from "./plain.ts";
import { streamRows } from "./row-stream.ts";

const FORMULA = /^'*\s*[=+\-@＝＋－＠\t\r\n]/;
const PLAIN_NUMBER = /^-[0-9]+(?:\.[0-9]+)?$/;
const NEEDS_QUOTES = /[",\r\n]|^[ \t\ufeff]|[ \t]$/;
const DEPTH_MAX = 64;

export interface CsvOptions {
  /** Columns in order, by dotted name; else those of all rows (of the first one, in a stream) as they come. */
  readonly columns?: readonly string[];
}

/** A list (or one object, a list of one) as text. A row that is no object stands in the column `value`. */
export function stringifyCsv(value: PlainValue, { columns }: CsvOptions = {}): string {
  const rows = (Array.isArray(value) ? value : [value]).map(flatten);
  const names = columns ?? [...new Set(rows.flatMap((row) => [...row.keys()]))];
  let text = header(names);
  for (const row of rows) text += line(names, row);
  return text;
}

/**
 * Rows as a byte stream. The columns are `columns`, or those of the first row: what a later row has beyond them is left
 * out, so give them wherever rows may differ. See row-stream.ts for backpressure, cancelling and errors.
 */
export function streamCsv(
  rows: AsyncIterable<PlainValue>,
  { columns }: CsvOptions = {},
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let names = columns;
  return streamRows(rows, {
    head: columns === undefined ? "" : header(columns),
    encode(row) {
      const flat = flatten(row);
      if (names !== undefined) return line(names, flat);
      names = [...flat.keys()];
      return header(names) + line(names, flat);
    },
  });
}

function header(names: readonly string[]): string {
  return names.length === 0 ? "" : `${names.map(textCell).join(",")}\r\n`;
}

function line(names: readonly string[], row: ReadonlyMap<string, PlainValue>): string {
  if (names.length === 0) return "";
  let text = "";
  for (let index = 0; index < names.length; index++) {
    if (index > 0) text += ",";
    text += cell(row.get(names[index] as string));
  }
  return `${text}\r\n`;
}

function cell(value: PlainValue | undefined): string {
  if (value === undefined || value === null) return "";
  switch (typeof value) {
    case "string":
      return textCell(value);
    case "number":
      if (!Number.isFinite(value)) throw new TypeError("a plain value cannot be NaN or infinite");
      return Object.is(value, -0) ? "-0" : String(value);
    case "bigint":
    case "boolean":
      return String(value);
    default:
      return value instanceof Uint8Array ? textCell(toBase64(value)) : textCell(stringifyJson(value));
  }
}

function textCell(text: string): string {
  if (text === "") return '""';
  const guarded = FORMULA.test(text) && !PLAIN_NUMBER.test(text) ? `'${text}` : text;
  return NEEDS_QUOTES.test(guarded) ? `"${guarded.replaceAll('"', '""')}"` : guarded;
}

/** One row's cells by dotted name. */
function flatten(row: PlainValue): Map<string, PlainValue> {
  const cells = new Map<string, PlainValue>();
  if (isObject(row)) gather(row, "", cells, 0);
  else cells.set("value", row);
  return cells;
}

function gather(object: PlainObject, prefix: string, cells: Map<string, PlainValue>, depth: number): void {
  if (depth > DEPTH_MAX) throw new TypeError("a value is nested too deep to be written, or holds itself");
  for (const key in object) {
    const value = object[key];
    if (value === undefined) continue;
    const name = prefix + (/[.\\]/.test(key) ? key.replace(/[.\\]/g, "\\$&") : key);
    if (isObject(value) && !isEmpty(value)) gather(value, `${name}.`, cells, depth + 1);
    else cells.set(name, value);
  }
}

function isObject(value: PlainValue): value is PlainObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}

function isEmpty(object: PlainObject): boolean {
  for (const _ in object) return false;
  return true;
}
