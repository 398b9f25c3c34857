/**
 * The price grid as CSV (RFC 4180): a header and a line a bracket, weights in grams, prices in minor units.
 *
 *   service,zone,weightFrom,weightTo,price
 *   courier,z1,0,500,29000
 *
 * Read: with `,` or `;` between the cells, LF or CRLF, a byte order mark, quotes; columns in any order, each once, no others. An id with which a
 * spreadsheet would calculate (= + - @ first, also in full width or behind white space) is written with an apostrophe before it, which is taken off again.
 */
import { gridProblems } from "./grid.ts";
import { csvMax, gridMax, priceMax, problemsMax, textMax, weightMax } from "./limits.ts";
import type { CsvProblem, GridImport, ProblemCode } from "./problem.ts";
import type { Bracket, TariffVersion } from "./tariff.ts";

const columns = ["service", "zone", "weightFrom", "weightTo", "price"] as const;
type Column = (typeof columns)[number];
const cellMax = textMax + 1;

const formula = /^'*\s*[=+\-@＝＋－＠\t\r\n]/;
const guarded = /^'+\s*[=+\-@＝＋－＠\t\r\n]/;

const textCell = (text: string): string => {
  const safe = formula.test(text) ? `'${text}` : text;
  return /[",;\r\n]|^\s|\s$/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};

/** Lines end by CRLF; in the order of the grid. */
export const toCsv = ({ grid }: Pick<TariffVersion, "grid">): string =>
  [
    columns.join(","),
    ...grid.map((bracket) =>
      columns
        .map((column) => (typeof bracket[column] === "string" ? textCell(bracket[column]) : String(bracket[column])))
        .join(","),
    ),
    "",
  ].join("\r\n");

/** The version with another grid, to be given an id, a number and dates of its own. */
export const withGrid = (version: TariffVersion, grid: readonly Bracket[]): TariffVersion => ({ ...version, grid });

interface Cell {
  readonly text: string;
  readonly line: number;
  readonly column: number;
}

class CsvRefused extends Error {
  readonly problem: CsvProblem;
  constructor(problem: CsvProblem) {
    super(problem.text);
    this.problem = problem;
  }
}

/** Cells with where they begin: line and column from 1, a column a UTF-16 unit. */
class Reader {
  readonly #text: string;
  readonly #separator: string;
  #at = 0;
  #line = 1;
  #lineStart = 0;

  constructor(text: string) {
    this.#text = text;
    const head = /^[^\r\n]*/.exec(text)?.[0] ?? "";
    this.#separator = head.includes(";") && !head.includes(",") ? ";" : ",";
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  /** The cells of the next line; one without any text has none. */
  row(): readonly Cell[] {
    const cells: Cell[] = [];
    for (;;) {
      if (cells.length > columns.length) throw this.#refusal("too_many", `a line has ${columns.length} cells`);
      cells.push(this.#cell());
      const after = this.#text[this.#at];
      if (after === this.#separator) {
        this.#at++;
        continue;
      }
      this.#lineBreak();
      // Spreadsheets write rows that were once touched as separators alone.
      return cells.every(({ text }) => text.trim() === "") ? [] : cells;
    }
  }

  #cell(): Cell {
    const place = { line: this.#line, column: this.#at - this.#lineStart + 1 };
    if (this.#text[this.#at] === '"') return { text: this.#quoted(), ...place };
    const start = this.#at;
    while (!this.isAtEnd && !this.#endsCell(this.#text[this.#at])) this.#at++;
    const text = this.#text.slice(start, this.#at);
    if (text.includes('"'))
      throw new CsvRefused({ ...place, code: "malformed", text: "a quote within a cell that is not quoted" });
    return { text: this.#bounded(text, place), ...place };
  }

  #quoted(): string {
    const place = { line: this.#line, column: this.#at - this.#lineStart + 1 };
    let text = "";
    for (this.#at++; ; this.#at++) {
      if (this.isAtEnd) throw new CsvRefused({ ...place, code: "malformed", text: "this quote is not closed" });
      const character = this.#text[this.#at] ?? "";
      if (character === '"' && this.#text[this.#at + 1] !== '"') break;
      if (character === '"') this.#at++;
      if (character === "\n") [this.#line, this.#lineStart] = [this.#line + 1, this.#at + 1];
      text = this.#bounded(text + character, place);
    }
    this.#at++;
    if (!this.isAtEnd && !this.#endsCell(this.#text[this.#at])) throw this.#refusal("malformed", "text after a closing quote");
    return text;
  }

  #bounded(text: string, place: { readonly line: number; readonly column: number }): string {
    if (text.length > cellMax)
      throw new CsvRefused({ ...place, code: "out_of_bounds", text: `a cell has at most ${cellMax} characters` });
    return text;
  }

  #endsCell(character: string | undefined): boolean {
    return character === this.#separator || character === "\n" || character === "\r";
  }

  #lineBreak(): void {
    if (this.#text[this.#at] === "\r") this.#at++;
    if (this.#text[this.#at] === "\n") this.#at++;
    this.#line++;
    this.#lineStart = this.#at;
  }

  #refusal(code: ProblemCode, text: string): CsvRefused {
    return new CsvRefused({ line: this.#line, column: this.#at - this.#lineStart + 1, code, text });
  }
}

class Problems {
  readonly list: CsvProblem[] = [];

  add({ line, column }: Pick<Cell, "line" | "column">, code: ProblemCode, text: string): void {
    if (this.list.length < problemsMax) this.list.push({ line, column, code, text });
  }
}

/** Which cell of a line is which column. */
const readHeader = (cells: readonly Cell[], problems: Problems): ReadonlyMap<Column, number> => {
  const found = new Map<Column, number>();
  for (const [at, cell] of cells.entries()) {
    const column = columns.find((column) => column.toLowerCase() === cell.text.trim().toLowerCase());
    if (column === undefined) problems.add(cell, "malformed", `no column of this name: ${columns.join(", ")}`);
    else if (found.has(column)) problems.add(cell, "duplicate", `the column ${column} stands here twice`);
    else found.set(column, at);
  }
  const missing = columns.filter((column) => !found.has(column));
  if (missing.length > 0) problems.add({ line: 1, column: 1 }, "malformed", `the header lacks ${missing.join(", ")}`);
  return found;
};

const readText = (cell: Cell, problems: Problems): string => {
  const text = guarded.test(cell.text) ? cell.text.slice(1) : cell.text;
  if (text.trim() === "") problems.add(cell, "empty", "an id is needed");
  return text;
};

const readNumber = (cell: Cell, max: number, problems: Problems): number => {
  const text = cell.text.trim();
  const value = Number(text);
  if (!/^\d{1,15}$/.test(text)) problems.add(cell, "not_a_number", "a whole number is needed");
  else if (value > max) problems.add(cell, "out_of_bounds", `${value} is more than ${max}`);
  return value;
};

interface Row {
  readonly bracket: Bracket;
  readonly cells: Readonly<Record<Column, Cell>>;
}

const readRow = (cells: readonly Cell[], places: ReadonlyMap<Column, number>, problems: Problems): Row | undefined => {
  const [first = { text: "", line: 1, column: 1 }] = cells;
  if (cells.length !== columns.length) {
    problems.add(first, "malformed", `${cells.length} cells, not ${columns.length}`);
    return undefined;
  }
  const cellOf = (column: Column): Cell => cells[places.get(column) ?? 0] ?? first;
  const named = {
    service: cellOf("service"),
    zone: cellOf("zone"),
    weightFrom: cellOf("weightFrom"),
    weightTo: cellOf("weightTo"),
    price: cellOf("price"),
  };
  const before = problems.list.length;
  const bracket = {
    service: readText(named.service, problems),
    zone: readText(named.zone, problems),
    weightFrom: readNumber(named.weightFrom, weightMax, problems),
    weightTo: readNumber(named.weightTo, weightMax, problems),
    price: readNumber(named.price, priceMax, problems),
  };
  if (problems.list.length > before) return undefined;
  if (bracket.weightTo > bracket.weightFrom) return { bracket, cells: named };
  problems.add(named.weightTo, "bad_order", "must be more than weightFrom");
  return undefined;
};

const readRows = (text: string, problems: Problems): readonly Row[] => {
  const reader = new Reader(text);
  const places = readHeader(reader.row(), problems);
  const rows: Row[] = [];
  if (problems.list.length > 0) return rows;
  let count = 0;
  while (!reader.isAtEnd && problems.list.length < problemsMax) {
    const cells = reader.row();
    if (cells.length === 0) continue;
    const row = readRow(cells, places, problems);
    if (row !== undefined) rows.push(row);
    if (++count > gridMax)
      throw new CsvRefused({ line: cells[0]?.line ?? 1, column: 1, code: "too_many", text: `more than ${gridMax} brackets` });
  }
  if (count === 0) problems.add({ line: 1, column: 1 }, "empty", "no bracket");
  return rows;
};

/** The grid; or what is wrong, cell by cell, with overlaps and holes where the cells themselves are sound. */
export const fromCsv = (text: string): GridImport => {
  if (text.length > csvMax)
    return { problems: [{ line: 1, column: 1, code: "too_many", text: `more than ${csvMax} characters` }] };
  const problems = new Problems();
  let rows: readonly Row[] = [];
  try {
    rows = readRows(text.startsWith("\uFEFF") ? text.slice(1) : text, problems);
  } catch (error) {
    if (!(error instanceof CsvRefused)) throw error;
    problems.add(error.problem, error.problem.code, error.problem.text);
  }
  const grid = rows.map(({ bracket }) => bracket);
  if (problems.list.length === 0)
    for (const { at, field, code, text } of gridProblems(grid)) {
      const row = rows[at];
      if (row !== undefined) problems.add(row.cells[field], code, text);
    }
  return problems.list.length > 0 ? { problems: problems.list } : { grid, problems: [] };
};
