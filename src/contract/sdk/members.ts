/** Fields as TypeScript types of a generated client: what is sent, and what is answered. */
import type { Field, Fields } from "../../define/field.ts";
import { sentence } from "./text.ts";

/** `row`: answered, with nulls; `input`: sent; `filter`: compared with. */
export type Use = "row" | "input" | "filter";

const scalars: Readonly<Partial<Record<Field["kind"], Readonly<Record<Use, string>>>>> = {
  integer: { row: "number", input: "number", filter: "number" },
  boolean: { row: "boolean", input: "boolean", filter: "boolean" },
  /** Beyond 2^53 the wire has text. */
  money: { row: "number | string", input: "number | bigint | string", filter: "number | bigint | string" },
  decimal: { row: "string", input: "string | number", filter: "string | number" },
  dateTime: { row: "string", input: "string | Date", filter: "string | Date" },
  binary: { row: "string", input: "string | Uint8Array", filter: "never" },
  json: { row: "unknown", input: "unknown", filter: "never" },
};

const listed = (values: readonly string[]): string => values.map((value) => JSON.stringify(value)).join(" | ");

export const typeOf = (field: Field, use: Use): string => {
  switch (field.kind) {
    case "enum":
      return listed(field.values ?? []);
    case "array": {
      const item = field.item === undefined ? "unknown" : typeOf(field.item, use);
      return `${use === "input" ? "readonly " : ""}${/[|{ ]/.test(item) ? `(${item})` : item}[]`;
    }
    case "object":
      return `{ ${membersOf(field.fields ?? {}, { use }).join(" ")} }`;
    default:
      return scalars[field.kind]?.[use] ?? "string";
  }
};

export interface MemberOptions {
  readonly use: Use;
  /** Names that must be given. Absent: as the fields say. */
  readonly required?: ReadonlySet<string>;
  /** Nothing must be given. */
  readonly partial?: boolean;
}

const isSeenByAll = ({ options }: Field): boolean => options.read === undefined || options.mask !== undefined;

/** `name: string;` of each field, with its comment. */
export const membersOf = (fields: Fields, { use, required, partial = false }: MemberOptions): readonly string[] =>
  Object.entries(fields).map(([name, field]) => {
    const { options } = field;
    const isOptional = options.optional === true;
    const isGiven =
      use === "row"
        ? isSeenByAll(field)
        : !partial && (required === undefined ? !isOptional && options.default === undefined : required.has(name));
    const comment = options.doc === undefined ? "" : `/** ${sentence(options.doc)} */\n`;
    // What is sent may be left out by name too, where types tell the two apart (exactOptionalPropertyTypes).
    const isLeftOut = use === "input" && !isGiven;
    return `${comment}${name}${isGiven ? "" : "?"}: ${typeOf(field, use)}${isOptional ? " | null" : ""}${isLeftOut ? " | undefined" : ""};`;
  });

/** Members of every query, which a field of the same name does not replace. */
const controls: ReadonlySet<string> = new Set(["page", "perPage", "cursor", "count", "sortBy", "filters", "fields", "include"]);
const unfiltered: ReadonlySet<string> = new Set(["json", "object", "array", "binary"]);

/** Filters of a list: every field that may be compared. */
export const filtersOf = (fields: Fields): readonly string[] =>
  Object.entries(fields).flatMap(([name, field]) => {
    if (controls.has(name) || field.options.filter === false || unfiltered.has(field.kind)) return [];
    return [`${name}?: Filter<${typeOf(field, "filter")}> | undefined;`];
  });
