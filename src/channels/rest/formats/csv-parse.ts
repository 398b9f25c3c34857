/**
 * CSV (RFC 4180) in: a header line and rows, to a list of objects. The reverse of csv.ts.
 *
 * Lines end with CRLF or LF; the separator is the comma; a byte order mark, as spreadsheets write one, is skipped. Cells
 * stay strings for the schema to coerce, but for cells whose column the hint calls an array or an object: they are read
 * as JSON when they begin with `[` or `{`. An empty cell without quotes is no property (so a list of null and absent
 * values comes back without them); `""` is the empty string. One apostrophe before a formula sign is taken off.
 * Columns with dots become nested objects.
 *
 * Refused: invalid UTF-8, a quote inside an unquoted cell, an unclosed one, rows longer or shorter than the header, two
 * columns of one name or one inside another (`a` and `a.b`), more than 1,024 columns, more than `nodesMax` cells.
 */
import { FormatError } from "../../http/format-error.ts";
import type { FormatErrorType } from "../../http/format-error.ts";
import { parseJson } from "./json.ts";
import { decodeUtf8, defaultLimits, forbiddenKey, tooLarge, tooMany } from "./plain.ts";
import type { FormatLimits, ParseOptions, Parsed, PlainObject, PlainValue, SchemaHint } from "./plain.ts";

const COLUMNS_MAX = 1_024;
const GUARDED = /^'+\s*[=+\-@＝＋－＠\t\r\n]/;
/** Up to the end of an unquoted cell; a quote in it is the error found next. */
const UNQUOTED = /[^",\r\n]*/y;

/** A cell as read; undefined for an empty one without quotes. */
type Cell = string | undefined;

/**
 * Parses a body to a list of objects.
 * Errors: 400 invalid_csv, invalid_encoding, duplicate_key, forbidden_key, too_deep; 413 too_large.
 */
export function parseCsv(bytes: Uint8Array, { limits = defaultLimits, hint }: ParseOptions = {}): Parsed<PlainValue[]> {
  if (bytes.length > limits.bytesMax) return tooLarge(limits);
  const decoded = decodeUtf8(bytes);
  if (decoded instanceof FormatError) return decoded;
  try {
    return new CsvReader(decoded, limits).rows(typeof hint?.items === "object" ? hint.items : hint);
  } catch (error) {
    if (error instanceof FormatError) return error;
    throw error;
  }
}

function refuse(message: string, line: number, type: FormatErrorType = "invalid_csv"): never {
  throw new FormatError(400, type, message, { line });
}

class CsvReader {
  readonly #text: string;
  readonly #limits: FormatLimits;
  #index: number;
  #line = 1;
  #cells = 0;

  constructor(text: string, limits: FormatLimits) {
    this.#text = text;
    this.#limits = limits;
    this.#index = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  }

  rows(hint: SchemaHint | undefined): PlainValue[] {
    if (this.#index >= this.#text.length) refuse("The body is empty.", 1);
    const columns = readColumns(this.#record(), this.#limits, hint);
    const rows: PlainValue[] = [];
    while (this.#index < this.#text.length) {
      const line = this.#line;
      const cells = this.#record();
      // A blank line is no row, unless there is one column, whose empty cell it is.
      if (cells.length === 1 && cells[0] === undefined && columns.length > 1) continue;
      if (cells.length !== columns.length)
        refuse(`A row has ${cells.length} cells where the header has ${columns.length}.`, line);
      rows.push(this.#row(columns, cells, line));
    }
    return rows;
  }

  #row(columns: readonly Column[], cells: readonly Cell[], line: number): PlainObject {
    const row: PlainObject = {};
    for (let index = 0; index < columns.length; index++) {
      const cell = cells[index];
      const column = columns[index] as Column;
      if (cell !== undefined) column.put(row, column.isJson ? this.#json(cell, line) : cell);
    }
    return row;
  }

  #json(cell: string, line: number): PlainValue {
    if (!cell.startsWith("[") && !cell.startsWith("{")) return cell;
    const value = parseJson(Buffer.from(cell, "utf8"), this.#limits);
    if (value instanceof FormatError)
      refuse("A cell that should hold JSON does not.", line, value.type === "invalid_json" ? "invalid_csv" : value.type);
    return value;
  }

  #record(): Cell[] {
    const cells: Cell[] = [];
    for (;;) {
      if (++this.#cells > this.#limits.nodesMax) throw tooMany(this.#limits);
      if (cells.length === COLUMNS_MAX) refuse(`A row has more than ${COLUMNS_MAX} cells.`, this.#line);
      cells.push(this.#text[this.#index] === '"' ? this.#quoted() : this.#unquoted());
      const next = this.#text[this.#index];
      this.#index++;
      if (next === ",") continue;
      if (next === "\r" && this.#text[this.#index] === "\n") this.#index++;
      else if (next !== "\n" && next !== undefined) refuse("A quote or a line end stands where it may not.", this.#line);
      this.#line++;
      return cells;
    }
  }

  #unquoted(): Cell {
    UNQUOTED.lastIndex = this.#index;
    UNQUOTED.exec(this.#text);
    const text = this.#text.slice(this.#index, UNQUOTED.lastIndex);
    this.#index = UNQUOTED.lastIndex;
    return text === "" ? undefined : unguard(text);
  }

  #quoted(): string {
    const start = this.#index + 1;
    const line = this.#line;
    let from = start;
    for (;;) {
      const end = this.#text.indexOf('"', from);
      if (end === -1) return refuse("A quoted cell is not closed.", line);
      if (this.#text[end + 1] === '"') {
        from = end + 2;
        continue;
      }
      const raw = this.#text.slice(start, end);
      for (let at = raw.indexOf("\n"); at !== -1; at = raw.indexOf("\n", at + 1)) this.#line++;
      this.#index = end + 1;
      return unguard(from === start ? raw : raw.replaceAll('""', '"'));
    }
  }
}

function unguard(text: string): string {
  return text.startsWith("'") && GUARDED.test(text) ? text.slice(1) : text;
}

/** A column: the path its name spells, and whether its cells may hold JSON. */
class Column {
  readonly path: readonly string[];
  readonly isJson: boolean;

  constructor(path: readonly string[], isJson: boolean) {
    this.path = path;
    this.isJson = isJson;
  }

  put(row: PlainObject, value: PlainValue): void {
    let target = row;
    for (let index = 0; index < this.path.length - 1; index++) {
      const key = this.path[index] as string;
      // Own properties only: a column called constructor.name must not find the built-in one.
      if (!Object.hasOwn(target, key)) target[key] = {};
      target = target[key] as PlainObject;
    }
    target[this.path[this.path.length - 1] as string] = value;
  }
}

function readColumns(header: readonly Cell[], limits: FormatLimits, hint: SchemaHint | undefined): Column[] {
  /** Every path and, with false, every path's beginnings. */
  const taken = new Map<string, boolean>();
  return header.map((name) => {
    if (name === undefined) return refuse("A column has no name.", 1);
    const path = splitPath(name);
    if (path.includes("__proto__")) throw forbiddenKey();
    if (path.length > limits.depthMax) refuse("A column is nested too deep.", 1, "too_deep");
    for (let length = 1; length <= path.length; length++) {
      const isWhole = length === path.length;
      const key = JSON.stringify(path.slice(0, length));
      if (taken.get(key) === true || (isWhole && taken.has(key)))
        refuse("Two columns have the same name, or one lies in the other.", 1, "duplicate_key");
      taken.set(key, isWhole);
    }
    return new Column(path, isContainer(hint, path));
  });
}

/** `a.b\.c` → ["a", "b.c"]. */
function splitPath(name: string): string[] {
  if (!name.includes(".") && !name.includes("\\")) return [name];
  const path = [""];
  for (let index = 0; index < name.length; index++) {
    const character = name[index] as string;
    if (character === ".") path.push("");
    else path[path.length - 1] += character === "\\" && index + 1 < name.length ? (name[++index] as string) : character;
  }
  return path;
}

/** Without a hint no cell is JSON: a string that begins with a bracket stays one. */
function isContainer(hint: SchemaHint | undefined, path: readonly string[]): boolean {
  let at = hint;
  for (const key of path) {
    const properties = at?.properties;
    at = properties !== undefined && Object.hasOwn(properties, key) ? properties[key] : undefined;
  }
  const types = at?.type === undefined ? [] : [at.type].flat();
  return types.includes("array") || types.includes("object");
}
